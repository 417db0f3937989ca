import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileLayout, type MetainfoFile } from "@bt/metainfo";
import { BLOCK_LENGTH, PieceLayout } from "@bt/primitives";
import type { StorageMetainfo, TorrentStorage } from "@bt/storage";
import { onTestFinished } from "vitest";

export interface FakeFile {
  path: string[];
  length: number;
  pad?: boolean;
  executable?: boolean;
}

export interface FakeTorrent {
  metainfo: StorageMetainfo;
  /** The whole torrent in piece space. */
  content: Uint8Array;
  pieceCount: number;
}

/** A v1 torrent with content that a seed decides. */
export function fakeTorrent(files: readonly FakeFile[], pieceLength: number, seed: number = 1): FakeTorrent {
  const totalLength = files.reduce((sum, { length }) => sum + length, 0);
  const content = noise(totalLength, seed);
  let offset = 0;
  const placed = files.map(({ path, length, pad = false, executable = false }): MetainfoFile => {
    if (pad) content.fill(0, offset, offset + length);
    offset += length;
    return { path, length, offset: offset - length, pad, executable, hidden: false };
  });
  const layout = new FileLayout(new PieceLayout({ pieceLength, totalLength }), placed);
  const hashes = Array.from({ length: layout.pieces.pieceCount }, (_, piece) =>
    sha1(content.subarray(piece * pieceLength, (piece + 1) * pieceLength)),
  );
  const infoHash = sha1(Buffer.from(JSON.stringify([files, pieceLength, seed])));
  const metainfo: StorageMetainfo = {
    version: "v1",
    infoHash,
    files: placed,
    layout,
    pieceHash: (piece) => hashes[piece]!,
    pieceRoot: () => undefined,
  };
  return { metainfo, content, pieceCount: layout.pieces.pieceCount };
}

/** Reproducible bytes without zeros in a row. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2_654_435_761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha1").update(bytes).digest());
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bt-storage-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export function pieceBytes({ metainfo, content }: FakeTorrent, piece: number): Uint8Array {
  const { pieces } = metainfo.layout;
  return content.subarray(pieces.offsetOf(piece), pieces.offsetOf(piece) + pieces.pieceLengthAt(piece));
}

/** Downloads a piece: blocks in the given order, by default rising. */
export async function download(
  storage: TorrentStorage,
  torrent: FakeTorrent,
  piece: number,
  order: (blocks: number[]) => number[] = (blocks) => blocks,
): Promise<boolean> {
  const bytes = pieceBytes(torrent, piece);
  const buffer = storage.acquire(piece);
  if (buffer === undefined) throw new Error("the pool is spent");
  const blocks = Array.from({ length: Math.ceil(bytes.length / BLOCK_LENGTH) }, (_, block) => block);
  for (const block of order(blocks)) {
    const start = block * BLOCK_LENGTH;
    const end = Math.min(start + BLOCK_LENGTH, bytes.length);
    const middle = start + ((end - start) >> 1);
    buffer.put(start, bytes, start, middle);
    buffer.put(middle, bytes, middle, end);
    buffer.blockDone(start, end - start);
  }
  return storage.commit(buffer);
}

export async function downloadAll(storage: TorrentStorage, torrent: FakeTorrent): Promise<void> {
  for (let piece = 0; piece < torrent.pieceCount; piece++) {
    if (!(await download(storage, torrent, piece))) throw new Error(`piece ${piece} does not match`);
  }
}

/** The content of file `index` as it should be. */
export function fileBytes({ metainfo, content }: FakeTorrent, index: number): Uint8Array {
  const { offset, length } = metainfo.files[index]!;
  return content.subarray(offset, offset + length);
}

export async function readPayload(root: string, torrent: FakeTorrent, index: number): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(root, ...torrent.metainfo.files[index]!.path)));
}
