import { encode, type Encodable } from "@bt/bencode";
import { BLOCK_LENGTH, bytesEqual } from "@bt/primitives";
import { isV2PieceLength } from "./choose-piece-length.ts";
import { compareFilePaths, type NewFile } from "./new-file.ts";
import { MERKLE_HASH_LENGTH, merklePadRoot, merkleRoot } from "./merkle.ts";
import type { DhtNodeAddress } from "./metainfo.ts";
import { MAX_PIECE_LENGTH } from "./options.ts";

/** What `createTorrent` makes a torrent of: its files with their hashes, and what else it says. */
export interface NewTorrent {
  /** The file's name, or the folder's. */
  readonly name: string;
  /** In piece order; for v2 and hybrid that is the order of `compareFilePaths`. */
  readonly files: readonly NewFile[];
  /** Bytes; for v2 and hybrid a power of two from 16 KiB. See `choosePieceLength`. */
  readonly pieceLength: number;
  /** v1 and hybrid: the SHA-1 of each piece, one after the other. Without it the torrent is v2. */
  readonly pieceHashes?: Uint8Array | undefined;
  /** Tiers of announce URLs. */
  readonly trackers?: readonly (readonly string[])[] | undefined;
  readonly webSeeds?: readonly string[] | undefined;
  readonly httpSeeds?: readonly string[] | undefined;
  readonly nodes?: readonly DhtNodeAddress[] | undefined;
  readonly private?: boolean | undefined;
  /** Makes the info-hash another than that of the same files elsewhere, as private trackers want. */
  readonly source?: string | undefined;
  readonly comment?: string | undefined;
  readonly createdBy?: string | undefined;
  /** Unix time in seconds. Nothing is written without it, so that equal input makes equal bytes. */
  readonly creationDate?: number | undefined;
  /** BEP 38: info-hashes of 20 or 32 bytes. */
  readonly similar?: readonly Uint8Array[] | undefined;
  readonly collections?: readonly string[] | undefined;
}

/**
 * The bytes of a .torrent. v2 parts are written when files have a `piecesRoot` or there are no `pieceHashes`. The same
 * input always gives the same bytes.
 *
 * @throws TypeError, RangeError for input that would make an invalid torrent.
 */
export function createTorrent(torrent: NewTorrent): Uint8Array {
  const { name, files, pieceLength, pieceHashes } = torrent;
  const isV1 = pieceHashes !== undefined;
  const isV2 = !isV1 || files.some((file) => file.piecesRoot !== undefined);
  const isSingleFile = files.length === 1 && files[0]!.path.length === 0;
  check(torrent, isV1, isV2, isSingleFile);
  const layers = isV2 ? checkTrees(files, pieceLength) : undefined;

  const info: Record<string, Encodable | undefined> = {
    name,
    "piece length": pieceLength,
    private: torrent.private === true ? 1 : undefined,
    source: torrent.source,
    similar: nonEmpty(torrent.similar),
    collections: nonEmpty(torrent.collections),
  };
  if (isV1) {
    info["pieces"] = pieceHashes;
    if (isSingleFile) Object.assign(info, properties(files[0]!));
    else info["files"] = files.map((file) => properties(file, { path: file.path }));
  }
  if (isV2) {
    info["meta version"] = 2;
    info["file tree"] = fileTree(isSingleFile ? [{ ...files[0]!, path: [name] }] : files);
  }
  const urls = torrent.trackers?.flat() ?? [];
  return encode({
    info,
    "piece layers": layers,
    announce: urls[0],
    "announce-list": urls.length > 1 ? torrent.trackers!.filter((tier) => tier.length > 0) : undefined,
    "url-list": nonEmpty(torrent.webSeeds),
    httpseeds: nonEmpty(torrent.httpSeeds),
    nodes: nonEmpty(torrent.nodes?.map(({ host, port }) => [host, port])),
    comment: torrent.comment,
    "created by": torrent.createdBy,
    "creation date": torrent.creationDate,
  });
}

function check(
  { name, files, pieceLength, pieceHashes }: NewTorrent,
  isV1: boolean,
  isV2: boolean,
  isSingleFile: boolean,
): void {
  checkElement(name);
  if (files.length === 0) throw new RangeError("a torrent needs a file");
  if (!Number.isSafeInteger(pieceLength) || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH)
    throw new RangeError(`piece length ${pieceLength}`);
  if (isV2 && !isV2PieceLength(pieceLength))
    throw new RangeError(`piece length ${pieceLength} is no power of two from 16 KiB`);
  let totalLength = 0;
  let previous: readonly string[] | undefined;
  for (const file of files) {
    if (!Number.isSafeInteger(file.length) || file.length < 0)
      throw new RangeError(`file length ${file.length}`);
    if (file.symlink !== undefined && file.length > 0) throw new RangeError("a link has no bytes");
    if (!isSingleFile && file.path.length === 0) throw new TypeError("a file among others needs a path");
    for (const element of [...file.path, ...(file.symlink ?? [])]) checkElement(element);
    if (isV2 && isV1 && !file.pad && file.length > 0 && totalLength % pieceLength > 0)
      throw new RangeError("in a hybrid each file begins a piece: use insertPadFiles");
    totalLength += file.length;
    if (file.pad === true) continue;
    if (isV2 && previous !== undefined && compareFilePaths(previous, file.path) >= 0)
      throw new RangeError(`${file.path.join("/")} is out of order: sort by compareFilePaths`);
    previous = file.path;
  }
  if (totalLength === 0) throw new RangeError("a torrent needs payload");
  const pieceCount = Math.ceil(totalLength / pieceLength);
  if (isV1 && pieceHashes!.length !== pieceCount * 20)
    throw new RangeError(`${pieceHashes!.length} bytes of hashes for ${pieceCount} pieces`);
}

function checkElement(element: string): void {
  if (/^\.{0,2}$|[/\u0000]/.test(element))
    throw new TypeError(`${JSON.stringify(element)} cannot be a name in a path`);
}

/** The piece layers by root, after all trees were found to fit their roots. */
function checkTrees(files: readonly NewFile[], pieceLength: number): Map<Uint8Array, Uint8Array> {
  const layers = new Map<string, [root: Uint8Array, layer: Uint8Array]>();
  const pad = merklePadRoot(pieceLength / BLOCK_LENGTH);
  for (const { path, length, piecesRoot, pieceLayer, pad: isPad } of files) {
    if (isPad === true || length === 0) continue;
    if (piecesRoot?.length !== MERKLE_HASH_LENGTH)
      throw new TypeError(`${path.join("/")} has no pieces root`);
    if (length <= pieceLength) continue;
    if (pieceLayer?.length !== Math.ceil(length / pieceLength) * MERKLE_HASH_LENGTH)
      throw new RangeError(`${path.join("/")} has no piece layer of its size`);
    const key = piecesRoot.join();
    if (layers.has(key)) continue;
    if (!bytesEqual(merkleRoot(pieceLayer, { pad }), piecesRoot))
      throw new RangeError(`the piece layer of ${path.join("/")} is not of its root`);
    layers.set(key, [piecesRoot, pieceLayer]);
  }
  return new Map(layers.values());
}

/** In the order of the keys, which `encode` takes as they come; `more` lies between `length` and `sha1`. */
function properties(
  file: NewFile,
  more?: Record<string, Encodable | undefined>,
): Record<string, Encodable | undefined> {
  const attributes =
    (file.pad ? "p" : "") +
    (file.symlink ? "l" : "") +
    (file.executable ? "x" : "") +
    (file.hidden ? "h" : "");
  return {
    attr: attributes || undefined,
    length: file.length,
    ...more,
    sha1: file.sha1,
    "symlink path": file.symlink,
  };
}

type Tree = Map<string, Encodable>;

function fileTree(files: readonly NewFile[]): Tree {
  const root: Tree = new Map();
  for (const file of files) {
    if (file.pad === true) continue;
    let directory = root;
    for (const element of file.path) {
      const inner = directory.get(element) ?? new Map<string, Encodable>();
      directory.set(element, inner);
      directory = inner as Tree;
      if (directory.has("")) throw new TypeError(`${file.path.join("/")} lies in a file`);
    }
    if (directory.size > 0) throw new TypeError(`${file.path.join("/")} is a directory as well`);
    directory.set("", properties(file, { "pieces root": file.length > 0 ? file.piecesRoot : undefined }));
  }
  return root;
}

function nonEmpty<Item>(list: readonly Item[] | undefined): readonly Item[] | undefined {
  return list !== undefined && list.length > 0 ? list : undefined;
}
