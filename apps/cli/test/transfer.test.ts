import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { digest, download, expectSameAlbum, swarm } from "./support/album-swarm.ts";
import { jsonLines, runBt, startBt } from "./support/run-bt.ts";
import { Screen } from "./support/screen.ts";
import { createIn, startSeeder, writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("download", () => {
  it("fetches the files into the folder that is named, then exits with 0", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const { code, out, err } = await runBt(download(from, "-o", "new/folder"), { cwd });
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/^album: 146\.5 KiB, 10 pieces\n(.*\n)*complete: album, 146\.5 KiB in .+\n$/);
    expectSameAlbum(from.folder, join(cwd, "new/folder"));
    // Nothing but the data is left.
    expect(readdirSync(join(cwd, "new/folder"))).toEqual(["album"]);
  });

  it("--json prints the promised events, one a line, and nothing else on standard output", async () => {
    const from = await swarm();
    const { code, out, err } = await runBt(download(from, "--json"), { cwd: tempFolder() });
    expect([code, err]).toEqual([0, ""]);
    const events = jsonLines(out);
    const infoHash = expect.stringMatching(/^[0-9a-f]{40}$/) as unknown;
    expect(events[0]).toEqual({ event: "listening", port: expect.any(Number) as unknown });
    expect(events[1]).toEqual({
      event: "metadata",
      infoHash,
      infoHashV2: null,
      name: "album",
      totalLength: 150_000,
      pieceCount: 10,
    });
    const progress = events.filter(({ event }) => event === "progress").at(-1)!;
    expect(progress).toMatchObject({
      infoHash,
      downloaded: 150_000,
      total: 150_000,
      uploaded: 0,
      etaSeconds: 0,
    });
    // A complete torrent leaves other seeds, maybe before it is reported as complete.
    expect([0, 1]).toContain(progress["peers"]);
    expect(progress["seeds"]).toBe(progress["peers"]);
    expect(progress).toMatchObject({ downRate: expect.any(Number) as unknown, upRate: 0 });
    expect(
      events
        .filter(({ event }) => event === "file")
        .map(({ path, length }) => [path, length])
        .sort(),
    ).toEqual([
      ["album/a.bin", 100_000],
      ["album/sub/ü b.bin", 50_000],
    ]);
    expect(events.at(-1)).toMatchObject({
      event: "complete",
      infoHash,
      name: "album",
      totalLength: 150_000,
      receivedLength: 150_000,
    });
  });

  it("keeps what is there and fetches only the rest", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    expect((await runBt(download(from), { cwd })).code).toBe(0);
    const again = await runBt(download(from), { cwd });
    expect([again.code, again.err]).toEqual([
      0,
      "album: 146.5 KiB, 10 pieces\ncomplete: album, 146.5 KiB were already there\n",
    ]);
    const place = join(cwd, "album/a.bin");
    const damaged = readFileSync(place);
    damaged[0]! ^= 1;
    writeFileSync(place, damaged);
    const { out } = await runBt(download(from, "--json", "--no-resume"), { cwd });
    expect(jsonLines(out).at(-1)).toMatchObject({ event: "complete", receivedLength: 16_384 });
    expectSameAlbum(from.folder, cwd);
  });

  it("takes several torrents, peers by name, and the environment", async () => {
    const from = await swarm();
    writePayload(from.folder, { "other.bin": 30_000 });
    const other = await startSeeder(readFileSync(await createIn(from.folder, "other.bin")), from.folder);
    const cwd = tempFolder();
    const sources = [join(from.folder, "album.torrent"), join(from.folder, "other.bin.torrent")];
    const env = { BT_PEER: `${from.peer} localhost:${other.port}`, BT_OUT: "here", BT_BIND: "127.0.0.1" };
    const { code } = await runBt(["--max-down", "0", ...sources], { cwd, env });
    expect(code).toBe(0);
    expectSameAlbum(from.folder, join(cwd, "here"));
    expect(digest(join(cwd, "here/other.bin"))).toBe(digest(join(from.folder, "other.bin")));
  });

  it("-q is silent when all goes well", async () => {
    const { code, out, err } = await runBt(download(await swarm(), "-q"), { cwd: tempFolder() });
    expect([code, out, err]).toEqual([0, "", ""]);
  });

  it("on a terminal leaves one clean line at the end", async () => {
    const { code, err } = await runBt(download(await swarm()), { cwd: tempFolder(), isTTY: true });
    expect(code).toBe(0);
    const screen = new Screen(80);
    screen.write(err);
    expect(screen.lines).toEqual([
      "album: 146.5 KiB, 10 pieces",
      expect.stringMatching(/^complete: album, 146\.5 KiB in /),
    ]);

    expect(err).toMatch(/\u001b\[32m/);
  });

  it("--list shows the files and downloads nothing", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const { code, out, err } = await runBt(download(from, "--list"), { cwd });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(
      "1    97.7 KiB  album/a.bin\n2         0 B  album/empty\n3    48.8 KiB  album/sub/ü b.bin\n",
    );
    const { out: json } = await runBt(download(from, "--list", "--json"), { cwd });
    expect(jsonLines(json)[0]).toMatchObject({ name: "album", pieceCount: 10 });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("--seed-ratio and --seed-time end a seeding download with 0", async () => {
    const from = await swarm();
    const { code, out } = await runBt(download(from, "--json", "--seed-time", "50ms", "--seed-ratio", "99"), {
      cwd: tempFolder(),
    });
    expect(code).toBe(0);
    expect(
      jsonLines(out)
        .map(({ event }) => event)
        .slice(-2),
    ).toEqual(["complete", "seeding"]);
  });

  it("stays below --max-down", async () => {
    const { out } = await runBt(download(await swarm(), "--json", "--max-down", "100K"), {
      cwd: tempFolder(),
    });
    expect(jsonLines(out).at(-1)!["seconds"]).toBeGreaterThan(0.2);
  });
});

describe("a download that cannot end well", () => {
  const SILENT = ["--bind", "127.0.0.1", "--timeout", "100ms"];

  it("gives up after --timeout without a byte: exit 5", async () => {
    const { folder } = await swarm();
    const { code, err } = await runBt([join(folder, "album.torrent"), ...SILENT], { cwd: tempFolder() });
    expect(code).toBe(5);
    expect(err).toMatch(
      /bt: album: nothing arrived for 1s, no peer was found; try again later, or name a peer with --peer/,
    );
  });

  it("--json tells errors on standard output too", async () => {
    const { folder } = await swarm();
    const { code, out, err } = await runBt([join(folder, "album.torrent"), ...SILENT, "--json"], {
      cwd: tempFolder(),
    });
    expect(code).toBe(5);
    expect(jsonLines(out).at(-1)).toEqual({
      event: "error",
      infoHash: expect.any(String) as unknown,
      code: "TIMEOUT",
      message: expect.stringContaining("nothing arrived") as unknown,
    });
    expect(err).toMatch(/^bt: album: nothing arrived/);
    const missing = await runBt(["download", "x.torrent", "--json"], { cwd: tempFolder() });
    expect(missing.code).toBe(3);
    expect(jsonLines(missing.out)).toEqual([
      {
        event: "error",
        infoHash: null,
        code: "UNREADABLE",
        message: expect.stringContaining("cannot read x.torrent") as unknown,
      },
    ]);
  });

  it("one torrent's failure does not stop the others, and decides the exit status", async () => {
    const from = await swarm();
    writePayload(from.folder, { "lonely.bin": 30_000 });
    await createIn(from.folder, "lonely.bin");
    const cwd = tempFolder();
    const { code, out } = await runBt(
      download(from, join(from.folder, "lonely.bin.torrent"), "--timeout", "1s", "--json"),
      { cwd },
    );
    expect(code).toBe(5);
    expect(jsonLines(out).filter(({ event }) => event === "complete")).toHaveLength(1);
    expectSameAlbum(from.folder, cwd);
  });

  it("a file in the place of the folder is a disk error: exit 7", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    writeFileSync(join(cwd, "taken"), "");
    const { code, err } = await runBt(download(from, "-o", "taken"), { cwd });
    expect(code).toBe(7);
    expect(err).toMatch(/bt: cannot .*taken.*; .+\n$/);
  });

  it("a folder that vanishes is a disk error, told once: exit 7", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const { io, ended } = startBt(download(from, "-o", "x", "--max-down", "30K"), { cwd });
    while (!existsSync(join(cwd, "x/album/a.bin"))) await new Promise((resolve) => setTimeout(resolve, 5));
    renameSync(join(cwd, "x"), join(cwd, "y"));
    expect(await ended).toBe(7);
    expect(io.stderr.text.match(/^bt: .*$/gm)).toEqual([expect.stringMatching(/^bt: cannot .*x.*; .+$/)]);
    expect(existsSync(join(cwd, "x"))).toBe(false);
  });

  it("a port that is taken is a network error: exit 5", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, err } = await runBt(download(await swarm(), "-p", String(port)), { cwd: tempFolder() });
    expect(code).toBe(5);
    expect(err).toBe(`bt: port ${port} is in use; choose another with --port, or 0 for any free one\n`);
  });

  it("the same torrent twice is a usage error", async () => {
    const { folder } = await swarm();
    const place = join(folder, "album.torrent");
    const { code, err } = await runBt(["download", place, place], { cwd: tempFolder() });
    expect(code).toBe(2);
    expect(err).toContain("is the same torrent as");
  });
});

describe("an interrupted download", () => {
  /** So slow that it is still running when the signal comes. */
  async function underWay(): Promise<ReturnType<typeof startBt>> {
    const started = startBt(download(await swarm(), "--json", "--max-down", "16K"), { cwd: tempFolder() });
    await started.io.stdout.waitFor(/"progress"/);
    return started;
  }

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("stops cleanly on %s and exits with %i", async (signal, code) => {
    const { io, ended } = await underWay();
    io.send(signal);
    expect(await ended).toBe(code);
    expect(io.forcedExit).toBeUndefined();
    expect(jsonLines(io.stdout.text).filter(({ event }) => event === "error")).toEqual([]);
    expect(io.stderr.text).toBe("");
  });

  it("ends at once on the second signal", async () => {
    const { io, ended } = await underWay();
    io.send("SIGINT");
    io.send("SIGINT");
    expect(io.forcedExit).toBe(130);
    await ended;
  });

  it("stops quietly when nobody reads its output any more", async () => {
    const { io, ended } = await underWay();
    io.closeOutput();
    expect(await ended).toBe(130);
    expect(io.stderr.text).toBe("");
  });

  it("goes on where it stopped", async () => {
    const from = await swarm();
    const cwd = tempFolder();
    const { io, ended } = startBt(download(from, "--json", "--max-down", "150K"), { cwd });
    await io.stdout.waitFor(/"event":"file"/);
    io.send("SIGINT");
    expect(await ended).toBe(130);
    const { code, out } = await runBt(download(from, "--json"), { cwd });
    expect(code).toBe(0);
    expect(jsonLines(out).at(-1)!["receivedLength"]).toBeLessThanOrEqual(100_000);
    expectSameAlbum(from.folder, cwd);
  });
});
