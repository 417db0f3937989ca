import { createCipheriv, createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { KIBI } from "./settings.ts";

export interface TreeFile {
  /** Elements below the tree's folder; none when the tree is one file. */
  readonly path: readonly string[];
  readonly length: number;
  readonly executable: boolean;
}

/** A file or folder to make torrents of, and what is to be said of it. At most about 1 MiB. */
export interface RandomTree {
  readonly index: number;
  readonly name: string;
  /** Where the file or folder lies on disk. */
  readonly absolutePath: string;
  readonly isSingleFile: boolean;
  readonly pieceLength: number;
  readonly private: boolean;
  /** Sorted within each tier. */
  readonly trackers: readonly (readonly string[])[];
  /** In no order. */
  readonly files: readonly TreeFile[];
}

const MAX_TREE_LENGTH = 1_024 * KIBI;

/**
 * Names whose order is another by bytes than by UTF-16 units (U+FF5E and U+1F3B5), by joined path than by elements
 * ("a", "a b", "a.txt" and the folder "a-"), or that somebody may normalise or trim. No character is among them that
 * libtorrent replaces when it reads (control characters, directional marks).
 */
const NAMES = [
  ...[
    "a",
    "a b",
    "a-",
    "a.txt",
    "A",
    "b",
    ".hidden",
    "~",
    "it's & #1 100% [x] {y} $z",
    "-o",
    "00",
    "0",
    "10",
  ],
  ...[
    "é",
    "e\u0301",
    "日本語",
    "ファイル.txt",
    "～",
    "🎵",
    "🎵 music.ogg",
    "файл",
    "x".repeat(120),
    "ß",
    "\u00A0",
  ],
];

/** Makes the tree of that number; the same number always makes the same tree. */
export async function makeRandomTree(index: number, directory: string): Promise<RandomTree> {
  const random = randomOf(`tree ${String(index)}`);
  const below = (count: number): number => Math.floor(random() * count);
  const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;
  const pieceLength = oneOf([16, 16, 32, 64, 128]) * KIBI;
  const isSingleFile = index % 5 === 4;
  const isCrowded = index % 10 === 1; // Many tiny files.
  const fileLength = (): number => {
    const around = (border: number): number => Math.max(0, border + below(3) - 1);
    if (isCrowded) return below(300);
    return oneOf([
      () => 0,
      () => 1,
      () => around(16 * KIBI),
      () => around(pieceLength),
      () => around(pieceLength * (1 + below(4))),
      () => below(pieceLength * 3),
      () => below(5_000),
    ])();
  };
  const files: TreeFile[] = [];
  let leftLength = MAX_TREE_LENGTH;
  const add = (elements: readonly string[]): void => {
    const length = Math.min(fileLength(), leftLength);
    leftLength -= length;
    files.push({ path: elements, length, executable: random() < 0.1 });
  };
  if (isSingleFile) add([]);
  else {
    const folders: string[][] = [[]];
    const taken = new Set<string>();
    const wantedCount = isCrowded ? 60 + below(100) : 1 + below(12);
    // Folders and files share one set of names, as on a disk.
    for (let attempt = 0; files.length < wantedCount; attempt++) {
      const name = attempt < 40 ? oneOf(NAMES) : `${oneOf(NAMES)} ${String(attempt)}`;
      const elements = [...oneOf(folders), name];
      // Both readers rename one of two files that some system takes for the same, each in a way of its own; there are
      // no such pairs here, so that names can be compared.
      const key = elements.join("/").normalize("NFKC").toLowerCase();
      if (taken.has(key)) continue;
      taken.add(key);
      if (elements.length < 5 && random() < 0.25) folders.push(elements);
      else add(elements);
    }
  }
  // A torrent has at least one byte.
  if (files.every((file) => file.length === 0)) files[0] = { ...files[0]!, length: 1 + below(pieceLength) };

  const name = `${oneOf(NAMES)} ${String(index)}`;
  const absolutePath = path.join(directory, name);
  for (const file of files) {
    const target = path.join(absolutePath, ...file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, pseudoRandom(file.length, `${String(index)} ${file.path.join("/")}`));
    await chmod(target, file.executable ? 0o755 : 0o644);
  }
  const trackers = Array.from({ length: below(4) }, (_, tier) =>
    Array.from({ length: 1 + below(2) }, (_, i) => `http://t${String(tier)}${String(i)}.example/announce`),
  );
  const isPrivate = random() < 0.3;
  return { index, name, absolutePath, isSingleFile, pieceLength, private: isPrivate, trackers, files };
}

/** Of any length, the same for the same seed: the key stream of AES-128-CTR. */
function pseudoRandom(length: number, seed: string): Uint8Array {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Values in [0, 1), always the same for the same seed. */
function randomOf(seed: string): () => number {
  const stream = Buffer.from(pseudoRandom(64 * KIBI, seed));
  let at = 0;
  return () => stream.readUInt32LE((at++ * 4) % stream.length) / 0x1_0000_0000;
}
