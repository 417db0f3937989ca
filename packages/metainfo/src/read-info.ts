import { BencodeDictionary, BencodeError, decode, type BencodeValue } from "@bt/bencode";
import { formatHex, PieceLayout } from "@bt/primitives";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { isV2PieceLength } from "./choose-piece-length.ts";
import { wrapped } from "./decode-torrent.ts";
import { MetainfoError } from "./errors.ts";
import { FileLayout } from "./file-layout.ts";
import { sanitizeName } from "./file-name.ts";
import { checkHybrid } from "./hybrid.ts";
import { MERKLE_HASH_LENGTH } from "./merkle.ts";
import type { Metainfo, MetainfoFile, OuterMetainfo } from "./metainfo.ts";
import { MAX_PIECE_LENGTH, MAX_TOTAL_LENGTH, type ParseOptions } from "./options.ts";
import { readTexts } from "./outer-metainfo.ts";
import { readPieceLayers } from "./piece-layers.ts";
import { placeFiles } from "./place-files.ts";
import { readV1Files } from "./v1-files.ts";
import { readFileTree } from "./v2-files.ts";

const SHA1_LENGTH = 20;

/** What stands beside the info dictionary. */
export interface InfoContext extends OuterMetainfo {
  /** The info dictionary as it stands in the input. */
  readonly infoBytes: Uint8Array;
  /** Whether all of the input is canonical. */
  readonly isCanonical: boolean;
  readonly pieceLayers?: BencodeValue | undefined;
  readonly collections?: readonly string[] | undefined;
  readonly similar?: readonly BencodeValue[] | undefined;
}

/** The model of an info dictionary and what stands beside it. */
export function readInfo(
  info: BencodeDictionary,
  options: Required<ParseOptions>,
  context: InfoContext,
): Metainfo {
  const { pieceLayers, collections, similar, infoBytes, isCanonical, ...outer } = context;
  const isV2 = readMetaVersion(info) === 2;
  if (isV2 && !isCanonical) requireCanonical(infoBytes, options);
  const storedName = info.getBytes("name.utf-8") ?? info.getBytes("name");
  if (storedName === undefined) throw new MetainfoError("METAINFO_NAME", "there is no name");
  const pieceLength = info.getInteger("piece length") ?? 0;
  if (pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH || (isV2 && !isV2PieceLength(pieceLength)))
    throw new MetainfoError("METAINFO_PIECE_LENGTH", `piece length ${pieceLength}`, { pieceLength });

  const tree = isV2 ? info.getDictionary("file tree") : undefined;
  if (isV2 && tree === undefined) throw new MetainfoError("METAINFO_FILES", "there is no file tree");
  const v2 = tree && readFileTree(tree, options.maxPathDepth);
  const hashes = info.get("pieces");
  const isV1 = !isV2 || hashes !== undefined;
  const v1 = isV1 ? readV1Files(info, storedName, options.maxPathDepth) : undefined;
  if (isV1 && v1 === undefined) throw new MetainfoError("METAINFO_FILES", "there are no files");
  const listed = (v1 ?? v2)!;
  const stored = v1 && v2 ? checkHybrid(v1, v2, pieceLength) : listed.files;

  const infoHash = isV1 ? sha1(infoBytes) : undefined;
  const infoHashV2 = isV2 ? sha256(infoBytes) : undefined;
  // Like libtorrent, a torrent whose name cannot be used is named by its hash.
  const folder = sanitizeName(storedName, options.fileNames) ?? formatHex((infoHash ?? infoHashV2)!);
  const { isMultiFile } = listed;
  const single =
    !isMultiFile && v1 === undefined ? sanitizeName(v2!.files[0]!.path![0]!, options.fileNames) : undefined;
  const name = single ?? folder;
  const totalLength = sum(stored);
  if (totalLength > MAX_TOTAL_LENGTH)
    throw new MetainfoError("METAINFO_FILE_LENGTH", "the files are too long");
  const payloadLength = sum(stored.filter((file) => !file.pad));
  if (payloadLength === 0) throw new MetainfoError("METAINFO_EMPTY", "there is no payload");
  const alignment = v1 === undefined ? pieceLength : 1;
  const pieceCountOf = (length: number): number => Math.ceil(length / pieceLength);
  const pieceCount =
    v1 === undefined
      ? stored.reduce((count, file) => count + pieceCountOf(file.length), 0)
      : pieceCountOf(totalLength);
  if (pieceCount > options.maxPieceCount)
    throw new MetainfoError("METAINFO_TOO_LARGE", `${pieceCount} pieces`, { pieceCount });
  if (isV1 && !(hashes instanceof Uint8Array && hashes.length === pieceCount * SHA1_LENGTH))
    throw new MetainfoError("METAINFO_PIECES", `pieces are not the hashes of ${pieceCount} pieces`, {
      pieceCount,
    });

  const files = placeFiles(stored, { name, isMultiFile, alignment, fileNames: options.fileNames });
  const layout = layOut(files, pieceLength, v1 === undefined);
  // As in libtorrent: layers that are no dictionary are none.
  const layers =
    v2 && pieceLayers instanceof BencodeDictionary
      ? readPieceLayers(pieceLayers, stored, pieceLength)
      : new Map<string, Uint8Array>();
  const source = info.getText("source");

  const pieceLayer = (fileIndex: number): Uint8Array | undefined => {
    const root = files[fileIndex]?.piecesRoot;
    return root && layers.get(formatHex(root));
  };

  return {
    ...outer,
    name,
    version: v1 === undefined ? "v2" : v2 === undefined ? "v1" : "hybrid",
    ...(infoHash !== undefined && { infoHash }),
    ...(infoHashV2 !== undefined && { infoHashV2 }),
    infoBytes,
    pieceLength,
    pieceCount,
    totalLength,
    payloadLength,
    // Any integer but 0, of whatever size: what looks private is not told to strangers (BEP 27).
    private: !!info.getInteger("private") || typeof info.get("private") === "bigint",
    isMultiFile,
    files,
    layout,
    ...(source !== undefined && { source }),
    collections: [
      ...new Set([...readTexts(info.get("collections"), options.maxUrlCount), ...(collections ?? [])]),
    ],
    similar: readHashes([...(info.getList("similar") ?? []), ...(similar ?? [])], options.maxUrlCount),
    hasPieceLayers: stored.every(
      (file) =>
        file.piecesRoot === undefined || file.length <= pieceLength || layers.has(formatHex(file.piecesRoot)),
    ),
    pieceHash(piece) {
      if (!(hashes instanceof Uint8Array) || !isV1) throw new RangeError("there are no v1 hashes");
      if (!layout.pieces.isPiece(piece)) throw new RangeError(`piece ${piece} of ${pieceCount}`);
      return hashes.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH);
    },
    pieceRoot(piece) {
      const fileIndex = layout.filesOfPiece(piece).find((index) => files[index]!.piecesRoot !== undefined);
      if (fileIndex === undefined) return undefined;
      const file = files[fileIndex]!;
      if (file.length <= pieceLength) return file.piecesRoot;
      const at = (piece - file.offset / pieceLength) * MERKLE_HASH_LENGTH;
      return pieceLayer(fileIndex)?.subarray(at, at + MERKLE_HASH_LENGTH);
    },
    pieceLayer,
  };
}

/** 1 or 2. */
function readMetaVersion(info: BencodeDictionary): number {
  const version = info.get("meta version");
  // As in libtorrent: what is no number says nothing.
  if (typeof version === "bigint" || (typeof version === "number" && version > 2))
    throw new MetainfoError("METAINFO_UNSUPPORTED_VERSION", "its meta version is neither 1 nor 2");
  // As in libtorrent: what was meant to be v2 is not shared as something else.
  if (version !== 2 && info.getDictionary("file tree") !== undefined)
    throw new MetainfoError("METAINFO_UNSUPPORTED_VERSION", "there is a file tree without meta version 2");
  return version === 2 ? 2 : 1;
}

/** BEP 52 "infohash": in v2 a file whose keys are out of order is not valid. */
function requireCanonical(infoBytes: Uint8Array, { maxValueCount }: Required<ParseOptions>): void {
  try {
    decode(infoBytes, { maxValueCount });
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause;
    throw wrapped(cause);
  }
}

function layOut(
  files: readonly MetainfoFile[],
  pieceLength: number,
  isAligned: boolean,
): FileLayout<MetainfoFile> {
  const last = files[files.length - 1]!;
  const shortPieces = new Map<number, number>();
  if (isAligned) {
    for (const { offset, length } of files)
      if (length % pieceLength > 0)
        shortPieces.set(Math.floor((offset + length) / pieceLength), length % pieceLength);
  }
  const pieces = new PieceLayout({ pieceLength, totalLength: last.offset + last.length, shortPieces });
  return new FileLayout(pieces, files);
}

function sum(files: readonly { readonly length: number }[]): number {
  // A million files of at most 2^48 bytes each stay exact far enough: MAX_TOTAL_LENGTH is checked on the result.
  return files.reduce((total, { length }) => total + length, 0);
}

function readHashes(list: readonly BencodeValue[], maxCount: number): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (const hash of list) {
    if (hashes.length >= maxCount) break;
    if (hash instanceof Uint8Array && (hash.length === 20 || hash.length === 32)) hashes.push(hash);
  }
  return hashes;
}
