/** What `parseTorrent` accepts. All numbers are upper bounds; whatever exceeds one is a MetainfoError. */
export interface ParseOptions {
  /**
   * Bytes of the whole input. Default 128 MiB: a v2 torrent of a million files has 90 MB, a v1 torrent of
   * `maxPieceCount` pieces 42 MB of hashes.
   */
  readonly maxLength?: number;
  /** Default 2,097,152, as in libtorrent. */
  readonly maxPieceCount?: number;
  /**
   * Bencoded values in all, default 10,000,000: a file takes 7 or 8 at least, so this bounds the number of files to some
   * 1,200,000. libtorrent takes 3,000,000.
   */
  readonly maxValueCount?: number;
  /** Elements of a file's path, default 100 (libtorrent takes 50 and refuses 200). */
  readonly maxPathDepth?: number;
  /** Tracker URLs in all tiers, web seeds, http seeds, DHT nodes, similar torrents, collections: each. Default 1,000; more are left out. */
  readonly maxUrlCount?: number;
  /**
   * `portable` (default) makes names that every file system takes. `posix` keeps what only Windows refuses (`:`, `?`,
   * trailing dots, names of devices), so that data which a POSIX client has downloaded is found.
   */
  readonly fileNames?: "portable" | "posix";
}

/** What `parseTorrent` does without options. */
export const DEFAULT_PARSE_OPTIONS: Required<ParseOptions> = Object.freeze({
  maxLength: 134_217_728,
  maxPieceCount: 0x20_0000,
  maxValueCount: 10_000_000,
  maxPathDepth: 100,
  maxUrlCount: 1000,
  fileNames: "portable",
});

/** Bytes of a piece at most: 32,767 blocks, as in libtorrent. */
export const MAX_PIECE_LENGTH: number = 32_767 * 16_384;

/** Bytes of a file, and of all files together, at most: 2^48 - 1, as in libtorrent. */
export const MAX_TOTAL_LENGTH: number = 2 ** 48 - 1;
