import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseTorrent } from "@bt/metainfo";
import { describe, expect, it } from "vitest";
import { namedAsOnDisk } from "../src/sources/names-on-disk.ts";
import { jsonLines, runBt } from "./support/run-bt.ts";
import { createIn, writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

/** A folder with names that Windows refuses, and its torrent. */
async function oddAlbum(): Promise<string> {
  const cwd = tempFolder();
  writePayload(join(cwd, "a: b"), { "what?": 20_000, "con.txt": 5, "plain.txt": 7 });
  await createIn(cwd, "a: b", "-o", "odd.torrent", "--tracker", "http://t.example/");
  return cwd;
}

const SAFE = ["a_ b/_con.txt", "a_ b/plain.txt", "a_ b/what_"];

describe.skipIf(process.platform === "win32")("names that only Windows refuses", () => {
  it("are shown and used as every system takes them", async () => {
    const cwd = await oddAlbum();
    const { out } = await runBt(["info", "odd.torrent", "--json"], { cwd });
    const [shown] = jsonLines(out) as unknown as [{ name: string; files: { path: string }[] }];
    expect([shown.name, ...shown.files.map(({ path }) => path)]).toEqual(["a_ b", ...SAFE]);
    const { err } = await runBt(["info", "odd.torrent"], { cwd });
    expect(err).toContain('warning: the name "a: b" is not safe everywhere; it is changed to "a_ b"');
    expect(err).toContain("warning: 2 file names are not safe everywhere");
  });

  it("are warned of by create", async () => {
    const cwd = await oddAlbum();
    const { code, err } = await runBt(["create", "a: b/what?"], { cwd });
    expect(code).toBe(0);
    expect(err).toContain('not safe everywhere or there twice: "what?" is changed to "what_"');
    expect((await runBt(["create", "a: b/plain.txt"], { cwd })).err).not.toContain("warning");
  });

  it("are found on the disk as they stand in the torrent", async () => {
    const cwd = await oddAlbum();
    const { code, out } = await runBt(["verify", "odd.torrent", "."], { cwd });
    expect([code, out]).toEqual([0, ""]);
    const bytes = readFileSync(join(cwd, "odd.torrent"));
    const namesIn = (root: string, platform?: NodeJS.Platform): string[] =>
      namedAsOnDisk({ bytes, metainfo: parseTorrent(bytes) }, root, platform).files.map(({ path }) =>
        path.join("/"),
      );
    expect(namesIn(cwd)).toEqual(["a: b/con.txt", "a: b/plain.txt", "a: b/what?"]);
    expect(namesIn(cwd, "win32")).toEqual(SAFE);
    expect(namesIn(tempFolder())).toEqual(SAFE);
  });

  it("are found on the disk under their safe names, and those come first", async () => {
    const cwd = await oddAlbum();
    renameSync(join(cwd, "a: b"), join(cwd, "a_ b"));
    renameSync(join(cwd, "a_ b/what?"), join(cwd, "a_ b/what_"));
    renameSync(join(cwd, "a_ b/con.txt"), join(cwd, "a_ b/_con.txt"));
    expect((await runBt(["verify", "odd.torrent", "."], { cwd })).code).toBe(0);
    writePayload(join(cwd, "a: b"), { "what?": 3 });
    expect((await runBt(["verify", "odd.torrent", "."], { cwd })).code).toBe(0);
  });

  it("can be seeded from where they are", async () => {
    const cwd = await oddAlbum();
    for (const what of ["odd.torrent", "a: b"]) {
      const { code, err } = await runBt(
        ["seed", what, "--bind", "127.0.0.1", "--seed-time", "10ms", "--no-trackers"],
        { cwd },
      );
      expect([code, err]).toEqual([0, expect.stringContaining("seeding")]);
    }
  });
});
