import { randomFillSync } from "node:crypto";
import { mkdir, open, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Parts of the whole, so that files end in the middle of pieces; 0 is an empty file. The last file takes the rest. */
const FILES: readonly (readonly [path: string, share: number])[] = [
  ["Lies mich – 読んでね ☀.txt", 0.0001],
  ["empty.txt", 0],
  ["music/01 overture.flac", 0.17],
  ["music/02 finale.flac", 0.23],
  ["video.mkv", 1],
];

const CHUNK_LENGTH = 1024 * 1024;

/** Writes files of random bytes, `totalLength` together, into `folder`. */
export async function makeDemoPayload(folder: string, totalLength: number): Promise<void> {
  const chunk = new Uint8Array(CHUNK_LENGTH);
  let rest = totalLength;
  for (const [path, share] of FILES) {
    const length = Math.min(rest, Math.round(totalLength * share));
    rest -= length;
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, "");
    const file = await open(place, "w");
    try {
      for (let left = length; left > 0; left -= CHUNK_LENGTH) {
        randomFillSync(chunk);
        await file.write(chunk, 0, Math.min(left, CHUNK_LENGTH));
      }
    } finally {
      await file.close();
    }
  }
}

/** Compares two folders byte by byte; returns the number of files, or the first path that differs. */
export async function compareFolders(
  a: string,
  b: string,
): Promise<{ fileCount: number; different: string | undefined }> {
  const entries = await readdir(a, { recursive: true, withFileTypes: true });
  let fileCount = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    fileCount++;
    const path = join(entry.parentPath, entry.name).slice(a.length + 1);
    if (!(await areEqual(join(a, path), join(b, path)))) return { fileCount, different: path };
  }
  return { fileCount, different: undefined };
}

async function areEqual(a: string, b: string): Promise<boolean> {
  const left = await open(a);
  const right = await open(b).catch(() => undefined);
  try {
    if (right === undefined || (await left.stat()).size !== (await right.stat()).size) return false;
    const leftChunk = Buffer.alloc(CHUNK_LENGTH);
    const rightChunk = Buffer.alloc(CHUNK_LENGTH);
    for (let at = 0; ; at += CHUNK_LENGTH) {
      const leftRead = await left.read(leftChunk, 0, CHUNK_LENGTH, at);
      const rightRead = await right.read(rightChunk, 0, CHUNK_LENGTH, at);
      if (leftRead.bytesRead !== rightRead.bytesRead) return false;
      if (leftRead.bytesRead === 0) return true;
      const { bytesRead } = leftRead;
      if (leftChunk.compare(rightChunk, 0, bytesRead, 0, bytesRead) !== 0) return false;
    }
  } finally {
    await left.close();
    await right?.close();
  }
}
