import { createCipheriv, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import path from "node:path";
import { KIBI, MEBI } from "./settings.ts";

/** Data for a torrent: `directory` holds one entry `name`, a file or a folder. */
export interface Payload {
  readonly label: string;
  readonly directory: string;
  readonly name: string;
  readonly pieceLength: number;
  readonly totalLength: number;
  /** SHA-256 of every file, by its path below `directory`. */
  readonly digests: Readonly<Record<string, string>>;
}

/** One file, whose last piece and last block are short. */
export async function makeSingleFile(
  directory: string,
  length: number,
  pieceLength: number,
  seed = "single",
): Promise<Payload> {
  await writePseudoRandom(path.join(directory, "single.bin"), length, seed);
  return {
    label: "single",
    directory,
    name: "single.bin",
    pieceLength,
    totalLength: length,
    digests: await digestTree(directory),
  };
}

const MULTI_PIECE_LENGTH = 64 * KIBI;

/** A folder with some 300 files of awkward sizes and names, about 16 MiB. */
export async function makeMultiFile(directory: string): Promise<Payload> {
  const name = "multi – файлы";
  let totalLength = 0;
  for (const [file, length] of multiFileList()) {
    const target = path.join(directory, name, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writePseudoRandom(target, length, file);
    totalLength += length;
  }
  const digests = await digestTree(directory);
  return { label: "multi", directory, name, pieceLength: MULTI_PIECE_LENGTH, totalLength, digests };
}

function multiFileList(): [file: string, length: number][] {
  const files: [string, number][] = [
    ["00 empty at the start", 0],
    ["zz empty at the end", 0],
    ["empty/a", 0],
    ["empty/deeper/b", 0],
    [".hidden", 100],
    ["names/it's & #1 100% [x] {y} $z.txt", 1_000],
    ["names/日本語/ファイル.txt", 20_000],
    ["names/composed é", 777],
    // Not the composed form: a client that normalises names looks for another file.
    ["names/decomposed o\u0308", 778],
    ["names/🎵 music.ogg", 70_000],
    [`names/${"long ".repeat(40)}.txt`, 5_000],
    ["a/b/c/d/e/f/g/h/deep.bin", 123_456],
    ["large/first.bin", 5 * MEBI + 7],
    ["large/second.bin", 3 * MEBI - 1],
    ["large/third.bin", 4 * MEBI],
  ];
  for (const border of [16 * KIBI, MULTI_PIECE_LENGTH])
    for (const difference of [-1, 0, 1])
      for (const factor of [1, 2, 3]) {
        const length = border * factor + difference;
        files.push([`borders/${String(length)}.bin`, length]);
      }
  // Several files in one piece, pieces that begin and end inside files. The step is prime to the modulus, so the
  // lengths wander over the whole range.
  for (let index = 0; index < 270; index++)
    files.push([`small/${String(index % 7)}/file ${String(index)}`, (index * 7_919) % 20_011]);
  return files;
}

/** The key stream of AES-128-CTR: the same bytes for the same seed on every machine, and quick to make. */
async function writePseudoRandom(file: string, length: number, seed: string): Promise<void> {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(Math.min(length, MEBI));
  const handle = await open(file, "w");
  for (let left = length; left > 0; left -= zeros.length)
    await handle.write(cipher.update(zeros.subarray(0, Math.min(left, zeros.length))));
  await handle.close();
}

/** SHA-256 of every regular file below `directory`, by its path with `/` between the parts. */
export async function digestTree(directory: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    digests[path.relative(directory, file).split(path.sep).join("/")] = (await digestFile(file)) ?? "gone";
  }
  return digests;
}

/** SHA-256 of a file; `undefined` while it is not there. */
export async function digestFile(file: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
}
