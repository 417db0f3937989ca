import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digest, expectSameAlbum, FILES, swarm } from "./support/album-swarm.ts";
import { jsonLines, runBt, startBt } from "./support/run-bt.ts";
import { createIn, writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("seed", () => {
  const LOCAL = ["--bind", "127.0.0.1", "--no-trackers", "--json"];

  async function portOf(io: ReturnType<typeof startBt>["io"]): Promise<number> {
    const text = await io.stdout.waitFor(/"seeding"/);
    return jsonLines(text).find(({ event }) => event === "listening")!["port"] as number;
  }

  it("shares a folder: makes its torrent, saves it, prints its magnet", async () => {
    const folder = tempFolder();
    writePayload(join(folder, "album"), FILES);
    const { io, ended } = startBt(["seed", "album", "--torrent-out", "x.torrent", ...LOCAL], { cwd: folder });
    const port = await portOf(io);
    const metadata = jsonLines(io.stdout.text).find(({ event }) => event === "metadata")!;
    expect(metadata["magnet"]).toBe(`magnet:?xt=urn:btih:${metadata["infoHash"] as string}&dn=album`);
    const cwd = tempFolder();
    const args = [join(folder, "x.torrent"), "--bind", "127.0.0.1", "--peer", `127.0.0.1:${port}`];
    expect((await runBt(args, { cwd })).code).toBe(0);
    expectSameAlbum(folder, cwd);
    io.send("SIGINT");
    expect(await ended).toBe(130);
    expect(readdirSync(folder).sort()).toEqual(["album", "x.torrent"]);
  });

  it("prints the magnet alone on standard output", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "one.bin"), randomBytes(1_000));
    const { code, out, err } = await runBt(
      ["seed", "one.bin", "--bind", "127.0.0.1", "--seed-time", "10ms"],
      { cwd: folder },
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=one\.bin\n$/);
    expect(err).toBe("one.bin: 1000 B, 1 piece\nseeding: one.bin; Ctrl-C stops\n");
  });

  it("shares a torrent's data after checking it, until its ratio is reached", async () => {
    const { folder } = await swarm();
    const { io, ended } = startBt(
      ["seed", "album.torrent", "--data", folder, "--seed-ratio", "1", ...LOCAL],
      { cwd: folder },
    );
    const port = await portOf(io);
    const cwd = tempFolder();
    const args = [join(folder, "album.torrent"), "--bind", "127.0.0.1", "--peer", `127.0.0.1:${port}`];
    expect((await runBt(args, { cwd })).code).toBe(0);
    expect(await ended).toBe(0);
  });

  it("reads none of a torrent's data at the next start, unless a file has changed or it is told to", async () => {
    const { folder } = await swarm();
    const seedOnce = (...args: string[]): ReturnType<typeof runBt> =>
      runBt(["seed", "album.torrent", "--seed-time", "10ms", "--bind", "127.0.0.1", ...args], {
        cwd: folder,
      });
    const place = join(folder, "album/a.bin");
    const time = new Date(1_700_000_000_000);
    utimesSync(place, time, time);
    expect((await seedOnce()).code).toBe(0);
    // Nobody can see this change without reading.
    const file = openSync(place, "r+");
    writeSync(file, "changed", 50_000);
    closeSync(file);
    utimesSync(place, time, time);
    expect((await seedOnce()).code).toBe(0);
    expect((await seedOnce("--no-resume")).code).toBe(8);
    expect((await seedOnce()).code).toBe(8);
  });

  it("shares any number of torrents, or a folder of them, and says once that it does", async () => {
    const folder = tempFolder();
    const names = ["one.bin", "two.bin", "three.bin"];
    for (const name of names) writeFileSync(join(folder, name), randomBytes(40_000));
    for (const name of names) await createIn(folder, name);
    const torrents = names.map((name) => `${name}.torrent`);
    for (const sources of [[...torrents, "--data", "."], [".", "--data", "."], torrents]) {
      const { io, ended } = startBt(["seed", ...sources, "--bind", "127.0.0.1", "--no-trackers"], {
        cwd: folder,
      });
      await io.stderr.waitFor(/^seeding 3 torrents$/m);
      for (const name of names) expect(io.stderr.text).toContain(`seeding: ${name}`);
      io.send("SIGINT");
      expect(await ended).toBe(130);
    }
  });

  it("goes on with the other torrents when one has no data", async () => {
    const folder = tempFolder();
    for (const name of ["a", "b"]) writeFileSync(join(folder, name), randomBytes(40_000));
    for (const name of ["a", "b"]) await createIn(folder, name);
    rmSync(join(folder, "a"));
    const { io, ended } = startBt(["seed", "a.torrent", "b.torrent", ...LOCAL], { cwd: folder });
    await io.stdout.waitFor(/"seeding".*"b"/);
    await io.stdout.waitFor(/"DATA_MISMATCH"/);
    io.send("SIGINT");
    expect(await ended).toBe(130);
  });

  it("says nothing while it waits for peers", async () => {
    const { folder } = await swarm();
    const { io, ended } = startBt(
      ["seed", "album.torrent", "--data", folder, "--seed-time", "2500ms", ...LOCAL],
      {
        cwd: folder,
      },
    );
    expect(await ended).toBe(0);
    const progress = jsonLines(io.stdout.text).filter(({ event }) => event === "progress");
    // What is checked, and then that it is complete: the clock alone is no news.
    expect(progress.length).toBeLessThanOrEqual(2);
    expect(progress.at(-1)).toMatchObject({ downloaded: 150_000, total: 150_000, peers: 0 });
  });

  it("refuses data that is not all there, and changes nothing: exit 8", async () => {
    const { folder } = await swarm();
    const place = join(folder, "album/a.bin");
    const damaged = readFileSync(place);
    damaged[50_000]! ^= 1;
    writeFileSync(place, damaged);
    const { code, err } = await runBt(["seed", "album.torrent", "--no-resume", "--bind", "127.0.0.1"], {
      cwd: folder,
    });
    expect(code).toBe(8);
    expect(err).toContain(
      "bt: album: 1 of 10 pieces are missing or do not match; correct --data, look with bt verify",
    );
    expect(digest(place)).toBe(createHash("sha256").update(damaged).digest("hex"));
    const empty = tempFolder();
    expect(
      (await runBt(["seed", join(folder, "album.torrent"), "--bind", "127.0.0.1"], { cwd: empty })).code,
    ).toBe(8);
    expect(existsSync(join(empty, "album"))).toBe(false);
  });

  it.each([
    [["seed", "nothing"], 3, /^bt: cannot read nothing: there is no such file or folder/],
    [["seed", "x.torrent"], 3, /^bt: cannot read x\.torrent: there is no such file/],
    [["seed", ".", "--data", "."], 2, /--data is for a torrent/],
    [["seed", "x.torrent", "--torrent-out", "y"], 2, /--torrent-out is for a file or folder/],
    [["seed", "x.torrent", "--memory", "10M"], 2, /"10M" is too little memory; the least is 64M/],
  ])("refuses %j", async (args, code, message) => {
    const finished = await runBt(args, { cwd: tempFolder() });
    expect(finished.code).toBe(code);
    expect(finished.err).toMatch(message);
  });
});

describe("demo", () => {
  it("plays the whole pipeline and leaves nothing behind", async () => {
    const { code, out, err } = await runBt(["demo", "--size", "1M"]);
    expect([code, out]).toEqual([0, ""]);
    expect(err).toContain("5 files, every byte is the same");
    const folder = /^removed (.+)$/m.exec(err)?.[1];
    expect(folder).toBeDefined();
    expect(statSync(folder!, { throwIfNoEntry: false })).toBeUndefined();
  });
});
