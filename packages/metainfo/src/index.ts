/**
 * What .torrent files and magnet links say, as one model for v1, v2 and hybrid torrents (BEP 3, 9, 12, 17, 19, 27, 38,
 * 47, 52, 53), and back: file layout, info-hashes, merkle trees, safe file names, building a torrent from hashes. It
 * reads and writes no files and hashes no payload.
 *
 * ```ts
 * import { parseTorrent, toMagnet } from "@bt/metainfo";
 *
 * const torrent = parseTorrent(bytes); // throws MetainfoError
 * torrent.files[0]?.path; // ["debian", "README.txt"], safe to join to a folder
 * torrent.layout.spansOf(0, torrent.pieceLength); // where piece 0 lies in the files
 * toMagnet(torrent); // "magnet:?xt=urn:btih:…"
 * ```
 *
 * @packageDocumentation
 */
export { parseInfo, parseTorrent } from "./parse-torrent.ts";
export { DEFAULT_PARSE_OPTIONS, MAX_PIECE_LENGTH, MAX_TOTAL_LENGTH, type ParseOptions } from "./options.ts";
export type { DhtNodeAddress, Metainfo, MetainfoFile, OuterMetainfo } from "./metainfo.ts";
export { FileLayout, type FileSpan, type LayoutFile } from "./file-layout.ts";
export { MAX_NAME_LENGTH, sanitizeName } from "./file-name.ts";
export { cleanPath } from "./place-files.ts";
export { parseMagnet, DEFAULT_MAGNET_OPTIONS, type MagnetOptions } from "./parse-magnet.ts";
export { toMagnet, type MagnetParts } from "./to-magnet.ts";
export type { Magnet } from "./magnet.ts";
export { parseInfoHash } from "./info-hash.ts";
export { formatFileSelection, MAX_SELECTED_INDEX, parseFileSelection } from "./file-selection.ts";
export { isTrackerUrl, isWebSeedUrl, MAX_URL_LENGTH } from "./url.ts";
export { createTorrent, type NewTorrent } from "./create-torrent.ts";
export { compareFilePaths, insertPadFiles, type NewFile } from "./new-file.ts";
export { choosePieceLength } from "./choose-piece-length.ts";
export { editTorrent, type TorrentEdits } from "./edit-torrent.ts";
export {
  MERKLE_HASH_LENGTH,
  merkleLayerAbove,
  merklePadRoot,
  merkleParent,
  merkleProof,
  merkleRoot,
  merkleWidth,
  verifyMerkleProof,
  type MerkleTreeOptions,
} from "./merkle.ts";
export { MetainfoError, type MetainfoErrorCode } from "./errors.ts";
