import { createTrackerClient } from "@bt/tracker";
import { renameSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { expectSameAlbum, FILES } from "./support/album-swarm.ts";
import type { FakeIoOptions } from "./support/fake-io.ts";
import { runBt, startBt } from "./support/run-bt.ts";
import { writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

const LOCAL = ["--bind", "127.0.0.1", "--http-port", "0"];

interface Listening {
  readonly port: number;
  readonly announceUrls: readonly string[];
  readonly io: ReturnType<typeof startBt>["io"];
  stop(): Promise<number>;
}

async function listening(args: readonly string[], options: FakeIoOptions = {}): Promise<Listening> {
  const { io, ended } = startBt(["tracker", ...LOCAL, "--json", ...args], options);
  const { port, announceUrls } = JSON.parse(await io.stdout.waitFor(/\n/)) as Listening;
  const stop = async (): Promise<number> => {
    io.send("SIGINT");
    return ended;
  };
  onTestFinished(() => void stop());
  return { port, announceUrls, io, stop };
}

async function announce(url: string, byte = 1, n = 1): Promise<unknown> {
  const client = createTrackerClient();
  try {
    return await client.announce(url, {
      infoHash: new Uint8Array(20).fill(byte),
      peerId: new TextEncoder().encode(`-XX0000-${String(n).padStart(12, "0")}`),
      port: 4_000 + n,
      uploaded: 0,
      downloaded: 0,
      left: 1,
    });
  } finally {
    client.close();
  }
}

const hexOf = (byte: number): string => byte.toString(16).padStart(2, "0").repeat(20);

describe("tracker", () => {
  it("prints its announce addresses, brings peers together, and stops on Ctrl-C", async () => {
    const { io, ended } = startBt(["tracker", ...LOCAL]);
    const urls = (await io.stdout.waitFor(/udp.*\n/)).trim().split("\n");
    const port = /:([0-9]+)\//.exec(urls[0]!)![1];
    expect(urls).toEqual([`http://127.0.0.1:${port}/announce`, `udp://127.0.0.1:${port}/announce`]);
    const folder = tempFolder();
    writePayload(join(folder, "album"), FILES);
    const args = [
      "seed",
      "album",
      "--tracker",
      urls[0]!,
      "--torrent-out",
      "x.torrent",
      "--bind",
      "127.0.0.1",
      "--json",
    ];
    const seeder = startBt(args, { cwd: folder });
    await seeder.io.stdout.waitFor(/"seeding"/);
    const cwd = tempFolder();
    const download = [join(folder, "x.torrent"), "--bind", "127.0.0.1", "--timeout", "20s"];
    expect((await runBt(download, { cwd })).code).toBe(0);
    expectSameAlbum(folder, cwd);
    seeder.io.send("SIGINT");
    expect(await seeder.ended).toBe(130);
    io.send("SIGINT");
    expect(await ended).toBe(130);
    expect(io.stderr.text).toMatch(
      /^the tracker runs; Ctrl-C stops it\nstopped after [1-9][0-9]* announces?\n$/,
    );
  });

  it.each([
    [[], ["http", "udp"]],
    [["--no-udp"], ["http"]],
    [["--no-http", "--udp-port", "0"], ["udp"]],
  ])("--json with %j prints where it listens", async (args, schemes) => {
    const { io, ended } = startBt(["tracker", ...LOCAL, "--json", ...args]);
    const event = JSON.parse(await io.stdout.waitFor(/\n/)) as Record<string, unknown>;
    const urls = event["announceUrls"] as string[];
    expect(urls.map((url) => url.split(":")[0])).toEqual(schemes);
    expect(event).toEqual({
      event: "listening",
      port: expect.any(Number) as unknown,
      udpPort: schemes.includes("udp") ? (event["port"] as unknown) : null,
      announceUrl: urls[0],
      announceUrls: urls,
    });
    io.send("SIGTERM");
    expect(await ended).toBe(143);
    expect(io.stderr.text).toBe("");
  });

  it("serves a page, JSON and metrics when it is asked to, and nothing of the kind otherwise", async () => {
    const { port, announceUrls } = await listening(["--stats"]);
    await announce(announceUrls[0]!);
    const page = async (path: string): Promise<[string | null, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(response.status).toBe(200);
      return [response.headers.get("content-type"), await response.text()];
    };
    expect(await page("/stats")).toEqual([
      "text/html; charset=utf-8",
      expect.stringContaining("<tr><th>announces over HTTP</th><td>1</td></tr>"),
    ]);
    const [type, json] = await page("/stats.json");
    expect([type, JSON.parse(json)]).toEqual([
      "application/json",
      expect.objectContaining({ swarmCount: 1, peerCount: 1, httpAnnounceCount: 1 }),
    ]);
    for (let round = 0; round < 2; round++) {
      const [contentType, metrics] = await page("/metrics");
      expect(contentType).toContain("text/plain; version=0.0.4");
      expect(metrics).toContain('\nbt_tracker_announces_total{protocol="http"} 1\n');
      expect(metrics).toContain("\nbt_tracker_peers 1\n");
    }
    const plain = await listening([]);
    expect((await fetch(`http://127.0.0.1:${plain.port}/stats`)).status).toBe(404);
  });

  it("serves what its list allows, and takes a changed list without a restart", async () => {
    const cwd = tempFolder();
    const list = (name: string, text: string): void => {
      writeFileSync(join(cwd, `${name}.new`), text);
      renameSync(join(cwd, `${name}.new`), join(cwd, name));
    };
    list("allow.txt", `# ours\n${hexOf(1).toUpperCase()}\n\n  ${hexOf(2)} # and that\n`);
    list("deny.txt", `${hexOf(2)}\n`);
    const { announceUrls } = await listening(["--allow-list", "allow.txt", "--deny-list", "deny.txt"], {
      cwd,
    });
    const isServed = (byte: number): Promise<boolean> =>
      announce(announceUrls[0]!, byte).then(
        () => true,
        () => false,
      );
    expect([await isServed(1), await isServed(2), await isServed(3)]).toEqual([true, false, false]);
    list("allow.txt", "not a hash\n"); // an unreadable list changes nothing
    await expect.poll(() => isServed(1), { timeout: 3_000, interval: 600 }).toBe(true);
    list("allow.txt", `${hexOf(3)}\n`);
    await expect.poll(() => isServed(3), { timeout: 10_000, interval: 100 }).toBe(true);
    expect(await isServed(1)).toBe(false);
  });

  it("answers only those with a passkey, if it has any", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "keys"), "0123456789abcdef\n");
    const { port } = await listening(["--passkeys", "keys"], { cwd });
    const query = `info_hash=${"%AB".repeat(20)}&peer_id=-XX0000-abcdefghijkl&port=77&left=1`;
    const at = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}${path}?${query}`)).text();
    expect(await at("/0123456789abcdef/announce")).toContain("10:incompletei1e");
    for (const path of ["/announce", "/0123456789abcdee/announce", "/announce/0123456789abcdef/announce"])
      expect(await at(path)).not.toContain("incomplete");

    expect(await at("/0123456789abcdee/announce")).toBe(
      "d14:failure reason15:unknown passkey8:retry in5:nevere",
    );
  });

  it("needs a free port: exit 5", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, err } = await runBt(["tracker", "--bind", "127.0.0.1", "--http-port", String(port)]);
    expect(code).toBe(5);
    expect(err).toBe(
      `bt: cannot listen on port ${port}: something else uses it; choose another with --http-port and --udp-port\n`,
    );
  });

  it.each([
    [["--allow-list", "absent.txt"], 3, /^bt: cannot read .*absent\.txt: /],
    [
      ["--deny-list", "bad.txt"],
      3,
      /^bt: .*bad\.txt: line 2: "zz" is not an info-hash of 40 hexadecimal digits\n$/,
    ],
    [["--store", "http://x"], 2, /^bt: --store: "http:\/\/x" is not a store/],
    [
      ["--store", "redis://:secret@127.0.0.1:1"],
      5,
      /^bt: cannot use the store at 127\.0\.0\.1:1: connect ECONNREFUSED(?!.*secret)/,
    ],
    [["--bind", "192.0.2.1"], 5, /^bt: this machine has no address 192\.0\.2\.1; correct --bind\n$/],
    [["--no-http", "--no-udp"], 2, /^bt: --no-http and --no-udp leave nothing/],
    [["--no-http", "--stats"], 2, /^bt: --stats is served over HTTP/],
    [["--trust-proxy", "10.0.0.0/33"], 2, /^bt: --trust-proxy: "10\.0\.0\.0\/33" is not/],
  ] as const)("%j ends with status %i and one line that says why", async (args, status, message) => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "bad.txt"), `${hexOf(1)}\nzz\n`);
    const { code, err } = await runBt(["tracker", ...LOCAL, ...args], { cwd });
    expect(code).toBe(status);
    expect(err).toMatch(message);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});
