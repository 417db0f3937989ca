import type { Metainfo, MetainfoFile } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { formatJson } from "../output/escape.ts";

/** Files whose JSON is made at a time. */
const BATCH_COUNT = 1_000;

/** What `bt info --json` prints of a torrent, in parts: of a million files it has 200 MB. */
export function* torrentJsonParts(metainfo: Metainfo): IterableIterator<string> {
  let before = "{";
  for (const [key, value] of Object.entries(torrentJson({ ...metainfo, files: [] }))) {
    yield `${before}${formatJson(key)}:`;
    before = ",";
    if (key !== "files") yield formatJson(value);
    else yield* fileParts(metainfo.files);
  }
  yield "}\n";
}

function* fileParts(files: Metainfo["files"]): IterableIterator<string> {
  yield "[";
  for (let first = 0; first < files.length; first += BATCH_COUNT) {
    const batch = formatJson(files.slice(first, first + BATCH_COUNT).map(fileJson));
    yield `${first === 0 ? "" : ","}${batch.slice(1, -1)}`;
  }
  yield "]";
}

/** The same as one value. What does not apply is null or empty, never absent. */
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
    files: metainfo.files.map(fileJson),
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

function fileJson(file: MetainfoFile): Record<string, unknown> {
  return {
    path: file.path.join("/"),
    length: file.length,
    offset: file.offset,
    pad: file.pad,
    executable: file.executable,
    hidden: file.hidden,
    symlink: file.symlink?.join("/") ?? null,
    piecesRoot: hexOrNull(file.piecesRoot),
  };
}

export function hexOrNull(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : formatHex(bytes);
}
