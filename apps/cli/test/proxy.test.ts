import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { download, expectSameAlbum, swarm } from "./support/album-swarm.ts";
import { runBt } from "./support/run-bt.ts";
import { httpProxy } from "./support/http-proxy.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("--proxy", () => {
  it("leads to trackers and peers, and says that nobody can connect to us", async () => {
    const from = await swarm();
    const proxy = await httpProxy();
    const cwd = tempFolder();
    const { code, err } = await runBt(
      download(from, "--proxy", `http://127.0.0.1:${proxy.port}`, "-o", "out", "-v"),
      { cwd },
    );
    expect(code, err).toBe(0);
    expectSameAlbum(from.folder, join(cwd, "out"));
    expect(proxy.tunnels.length).toBeGreaterThan(0);
    expect(err).toContain("everything goes through the proxy; nobody can connect to us\n");
    expect(err).not.toContain("listening");
  });

  it.each([
    [["--proxy", "ftp://x"], /not a proxy; write http:\/\/host:port or socks5:\/\/host:port\n$/],
    [["--proxy", "socks5://127.0.0.1:1", "--port", "7000"], /nobody can connect to us; leave out --port\n$/],
    [
      ["--proxy", "socks5://127.0.0.1:1", "--peer", "host.example:7000"],
      /looking up host\.example would go past/,
    ],
  ])("%j is refused before anything is sent", async (args, message) => {
    const from = await swarm();
    const { code, err } = await runBt(download(from, ...args), { cwd: tempFolder() });
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it("does not fetch a .torrent past the proxy", async () => {
    let connectionCount = 0;
    const web = createServer((socket) => {
      connectionCount++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void web.close());
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/a.torrent`;
    for (const command of ["download", "seed", "scrape", "announce"]) {
      const { code, err } = await runBt([command, url, "--proxy", "socks5://127.0.0.1:1"]);
      expect([command, code]).toEqual([command, 2]);
      expect(err).toMatch(/download it and give the file\n$/);
    }
    expect(connectionCount).toBe(0);
  });
});
