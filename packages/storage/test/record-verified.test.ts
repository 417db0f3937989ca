import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTorrent, parseTorrent, type Metainfo } from "@bt/metainfo";
import { createStorage, hashFiles, recordVerified, scanPayload, type ScannedPayload } from "@bt/storage";
import { describe, expect, it } from "vitest";
import { noise, temporaryFolder } from "./fixture.ts";

const pieceLength = 16_384;

/** Two files of three pieces each, an empty one, and the torrent of them as `bt seed` makes it. */
async function makePayload(): Promise<{ root: string; metainfo: Metainfo; payload: ScannedPayload }> {
  const root = await temporaryFolder();
  await mkdir(join(root, "p"));
  for (const name of ["a", "b"])
    await writeFile(join(root, "p", name), noise(3 * pieceLength, name.charCodeAt(0)));
  await writeFile(join(root, "p", "c"), "");
  const payload = await scanPayload(join(root, "p"));
  const pieceHashes = await hashFiles({ files: payload.files, pieceLength });
  const { name, files } = payload;
  return { root, payload, metainfo: parseTorrent(createTorrent({ name, files, pieceLength, pieceHashes })) };
}

const statsOf = ({ files }: ScannedPayload): Map<number, ScannedPayload["files"][number]> =>
  new Map([...files.entries()].filter(([, { length }]) => length > 0));

/** How many pieces opening hashed, and how many it found. */
async function open(metainfo: Metainfo, root: string): Promise<{ hashedCount: number; haveCount: number }> {
  let hashedCount = 0;
  const storage = createStorage({ metainfo, root });
  const have = await storage.open({ onProgress: (count) => void (hashedCount = count) });
  await storage.close();
  return { hashedCount, haveCount: have.count };
}

describe("recordVerified", () => {
  it("lets a storage open without hashing what was hashed to make the torrent", async () => {
    const { root, metainfo, payload } = await makePayload();
    await recordVerified({ metainfo, root, stats: statsOf(payload) });
    expect(await open(metainfo, root)).toEqual({ hashedCount: 0, haveCount: 6 });
  });

  it("covers no file that has changed since it was looked at: that one is hashed", async () => {
    const { root, metainfo, payload } = await makePayload();
    await writeFile(join(root, "p", "b"), noise(3 * pieceLength, 1));
    await utimes(join(root, "p", "b"), new Date(), new Date(Date.now() + 5_000));
    await recordVerified({ metainfo, root, stats: statsOf(payload) });
    expect(await open(metainfo, root)).toEqual({ hashedCount: 3, haveCount: 3 });
  });

  it("leaves a journal alone that is there already", async () => {
    const { root, metainfo, payload } = await makePayload();
    await writeFile(join(root, "p", "a"), noise(3 * pieceLength, 2));
    expect((await open(metainfo, root)).haveCount).toBe(3);
    await recordVerified({ metainfo, root, stats: statsOf(await scanPayload(join(root, "p"))) });
    expect((await open(metainfo, root)).haveCount).toBe(3);
    await recordVerified({ metainfo, root, stats: statsOf(payload) });
    expect((await open(metainfo, root)).haveCount).toBe(3);
  });

  it("tells when the journal cannot be written", async () => {
    const { root, metainfo, payload } = await makePayload();
    const options = { metainfo, root: join(root, "nowhere"), stats: statsOf(payload) };
    await expect(recordVerified(options)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
