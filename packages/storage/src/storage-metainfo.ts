import type { Metainfo } from "@bt/metainfo";

/** What the storage has to know of a torrent. A parsed torrent fits. */
export type StorageMetainfo = Pick<
  Metainfo,
  "version" | "infoHash" | "infoHashV2" | "files" | "layout" | "pieceHash" | "pieceRoot"
>;
