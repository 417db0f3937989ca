import type { Metainfo } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";

/** What `bt info --json` prints of a torrent. What does not apply is null or empty, never absent. */
export function torrentJson(metainfo: Metainfo): Record<string, unknown> {
  return {
    name: metainfo.name,
    version: metainfo.version,
    infoHash: hexOrNull(metainfo.infoHash),
    infoHashV2: hexOrNull(metainfo.infoHashV2),
    pieceLength: metainfo.pieceLength,
    pieceCount: metainfo.pieceCount,
    totalLength: metainfo.totalLength,
    private: metainfo.private,
    files: metainfo.files.map((file) => ({
      path: file.path.join("/"),
      length: file.length,
      offset: file.offset,
      pad: file.pad,
      executable: file.executable,
      hidden: file.hidden,
      symlink: file.symlink?.join("/") ?? null,
      piecesRoot: hexOrNull(file.piecesRoot),
    })),
    trackers: metainfo.trackers,
    webSeeds: metainfo.webSeeds,
    httpSeeds: metainfo.httpSeeds,
    // As pairs: that is how a torrent writes them.
    nodes: metainfo.nodes.map(({ host, port }) => [host, port]),
    comment: metainfo.comment ?? null,
    createdBy: metainfo.createdBy ?? null,
    creationDate: metainfo.creationDate ?? null,
    source: metainfo.source ?? null,
    collections: metainfo.collections,
    similar: metainfo.similar.map((hash) => formatHex(hash)),
  };
}

export function hexOrNull(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : formatHex(bytes);
}
