import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStorage, HashWorkers, journalName, StorageError } from "@bt/storage";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { download, downloadAll, fakeTorrent, temporaryFolder } from "./fixture.ts";

const hashers = new HashWorkers({ count: 1 });
afterAll(() => hashers.close());

const torrent = fakeTorrent([{ path: ["t", "sub", "a"], length: 1000 }], 16_384);

describe("no byte leaves the download folder", () => {
  it.each([
    [[".."]],
    [["..", "x"]],
    [["a", "..", "..", "x"]],
    [["/etc/x"]],
    [["a/../../x"]],
    [["."]],
    [[""]],
    [[]],
    [["a\0b"]],
  ])("for the path %j", async (path) => {
    const root = await temporaryFolder();
    const { metainfo } = fakeTorrent([{ path, length: 10 }], 16_384);
    expect(() => createStorage({ metainfo, root, hashers })).toThrow(
      expect.objectContaining({ code: "OUTSIDE_ROOT" }),
    );
  });

  it("whatever the paths are made of", async () => {
    const element = fc.oneof(fc.constantFrom("..", ".", "a", "b", "", "/", "a/b", "../x", "\0"), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 4 }), async (path) => {
        const outer = await temporaryFolder();
        const root = join(outer, "root");
        await writeFile(join(outer, "canary"), "sings");
        const evil = fakeTorrent([{ path, length: 10 }], 16_384);
        try {
          const storage = createStorage({ metainfo: evil.metainfo, root, hashers });
          await storage.open();
          await downloadAll(storage, evil);
          await storage.close();
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
        expect((await readdir(outer)).filter((name) => name !== "root")).toEqual(["canary"]);
        expect(await readFile(join(outer, "canary"), "utf8")).toBe("sings");
      }),
      { numRuns: 60 },
    );
  });

  it.each(["t", join("t", "sub"), join("t", "sub", "a")])(
    "through a link at %s that was there before",
    async (place) => {
      const root = await temporaryFolder();
      const outside = await temporaryFolder();
      await mkdir(join(outside, "sub"));
      await mkdir(join(root, place, ".."), { recursive: true });
      await symlink(place.endsWith("a") ? join(outside, "a") : outside, join(root, place));
      const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
      const opening = storage.open();
      await expect(opening).rejects.toMatchObject({ code: "OUTSIDE_ROOT" });
      await storage.close();
      expect(await readdir(outside)).toEqual(["sub"]);
      expect(await readdir(join(outside, "sub"))).toEqual([]);
    },
  );

  it.each(["t", join("t", "sub"), join("t", "sub", "a")])(
    "through a link at %s that is planted later",
    async (place) => {
      const root = await temporaryFolder();
      const outside = await temporaryFolder();
      await mkdir(join(outside, "sub"));
      const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
      await storage.open();
      await mkdir(join(root, place, ".."), { recursive: true });
      await symlink(place.endsWith("a") ? join(outside, "a") : outside, join(root, place));
      await expect(download(storage, torrent, 0)).rejects.toMatchObject({ code: "OUTSIDE_ROOT" });
      await storage.close();
      expect(await readdir(outside)).toEqual(["sub"]);
      expect(await readdir(join(outside, "sub"))).toEqual([]);
    },
  );

  it("through a link in the place of the journal", async () => {
    const root = await temporaryFolder();
    const outside = join(await temporaryFolder(), "victim");
    await writeFile(outside, "mine");
    await symlink(outside, join(root, journalName(torrent.metainfo)));
    await symlink(outside, join(root, `${journalName(torrent.metainfo)}.tmp`));
    const storage = createStorage({ metainfo: torrent.metainfo, root, hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    expect(await readFile(outside, "utf8")).toBe("mine");
    const again = createStorage({ metainfo: torrent.metainfo, root, hashers });
    expect((await again.open({ recheck: "none" })).isFull).toBe(true);
    await again.close();
  });

  it("but the folder itself may be reached by a link", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "real"));
    await symlink(join(folder, "real"), join(folder, "link"));
    const storage = createStorage({ metainfo: torrent.metainfo, root: join(folder, "link"), hashers });
    await storage.open();
    await downloadAll(storage, torrent);
    await storage.close();
    expect(existsSync(join(folder, "real", "t", "sub", "a"))).toBe(true);
  });
});
