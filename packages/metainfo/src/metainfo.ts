import type { FileLayout } from "./file-layout.ts";

/** One file of a torrent. */
export interface MetainfoFile {
  /**
   * Path below the download folder, made safe and unique; in a multi-file torrent the first element is the torrent's
   * name. A pad file's path is only for display.
   */
  readonly path: readonly string[];
  readonly length: number;
  /** Torrent offset of the first byte. */
  readonly offset: number;
  /** BEP 47: zeros that only fill up a piece; never on disk. */
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  /**
   * This is a symbolic link (its length is 0) to that path below the download folder, which is a file, directory or
   * link of the same torrent.
   */
  readonly symlink?: readonly string[];
  /** BEP 52: root of the merkle tree over the file's 16 KiB blocks. Absent in v1 and of empty files. */
  readonly piecesRoot?: Uint8Array;
  /** BEP 47: SHA-1 of the file's content, a hint for finding equal files, not to be trusted. */
  readonly sha1?: Uint8Array;
}

/** A DHT node of BEP 5 "nodes"; unlike an Endpoint its host may be a name. */
export interface DhtNodeAddress {
  readonly host: string;
  readonly port: number;
}

/** The parts of a torrent that lie outside of its info dictionary, and so are not under its info-hash. */
export interface OuterMetainfo {
  /** Tiers of announce URLs (BEP 12), as stored; `isTrackerUrl` tells which can be asked. */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19 `url-list`, as stored; `isWebSeedUrl` tells which can be read. */
  readonly webSeeds: readonly string[];
  /** BEP 17 `httpseeds`, likewise. */
  readonly httpSeeds: readonly string[];
  readonly nodes: readonly DhtNodeAddress[];
  readonly comment?: string;
  readonly createdBy?: string;
  /** Unix time in seconds, as stored; some creators write milliseconds. */
  readonly creationDate?: number;
}

/** A torrent: what is shared, how it is cut and hashed, and where to ask for it. */
export interface Metainfo extends OuterMetainfo {
  /** Suggested name, made safe: the file's, or the folder's of a multi-file torrent. */
  readonly name: string;
  readonly version: "v1" | "v2" | "hybrid";
  /** SHA-1 of `infoBytes`, 20 bytes; absent in v2. */
  readonly infoHash?: Uint8Array;
  /** SHA-256 of `infoBytes`, 32 bytes; absent in v1. */
  readonly infoHashV2?: Uint8Array;
  /** The info dictionary exactly as it stands in the input. */
  readonly infoBytes: Uint8Array;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** The sum of all files' lengths, with pad files. */
  readonly totalLength: number;
  /** The sum without pad files. */
  readonly payloadLength: number;
  /** BEP 27: peers come from the trackers alone. */
  readonly private: boolean;
  /** Whether the paths have the torrent's name as first element. */
  readonly isMultiFile: boolean;
  readonly files: readonly MetainfoFile[];
  readonly layout: FileLayout<MetainfoFile>;
  readonly source?: string;
  /** BEP 38, inside and outside of the info dictionary. */
  readonly collections: readonly string[];
  /** BEP 38: info-hashes of torrents that may share files, 20 or 32 bytes each. */
  readonly similar: readonly Uint8Array[];
  /**
   * Whether every v2 file that needs a piece layer has one. False after `parseInfo`, and for a file that left them out:
   * then they have to be asked of peers (BEP 52 "hash request").
   */
  readonly hasPieceLayers: boolean;
  /**
   * The SHA-1 of a piece, a view of 20 bytes.
   *
   * @throws RangeError when there is no such piece or no v1 half.
   */
  pieceHash(piece: number): Uint8Array;
  /**
   * BEP 52: the root of the tree over a piece's blocks, a view of 32 bytes, when it is known. The tree is
   * `pieceLength / 16 KiB` leaves wide; in a file not longer than a piece, the next power of two of its own blocks.
   */
  pieceRoot(piece: number): Uint8Array | undefined;
  /** BEP 52: the verified piece layer of a file that is longer than a piece: 32 bytes for each of its pieces. */
  pieceLayer(fileIndex: number): Uint8Array | undefined;
}
