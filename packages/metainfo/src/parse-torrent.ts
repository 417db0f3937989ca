import { decodeTorrent } from "./decode-torrent.ts";
import { MetainfoError } from "./errors.ts";
import type { Metainfo, OuterMetainfo } from "./metainfo.ts";
import { DEFAULT_PARSE_OPTIONS, type ParseOptions } from "./options.ts";
import { readOuterMetainfo, readTexts } from "./outer-metainfo.ts";
import { readInfo } from "./read-info.ts";

const NOTHING_OUTSIDE: OuterMetainfo = { trackers: [], webSeeds: [], httpSeeds: [], nodes: [] };

/**
 * The model of a .torrent file. Of v1 also files with unsorted keys or bytes at the end are taken, because other
 * clients take them; info-hashes are over the original bytes. The result holds views of `bytes`: do not change them.
 *
 * @throws MetainfoError
 */
export function parseTorrent(bytes: Uint8Array, options?: ParseOptions): Metainfo {
  const limits = { ...DEFAULT_PARSE_OPTIONS, ...options };
  const { torrent, isCanonical } = decodeTorrent(bytes, limits);
  const info = torrent.getDictionary("info");
  if (info === undefined) throw new MetainfoError("METAINFO_NO_INFO", "there is no info dictionary");
  const outer = readOuterMetainfo(torrent, limits.maxUrlCount);
  const { start, end } = info.span;
  return readInfo(info, limits, {
    ...outer,
    infoBytes: bytes.subarray(start, end),
    isCanonical,
    pieceLayers: torrent.get("piece layers"),
    // BEP 38: hints inside and outside of the info dictionary are merged.
    collections: readTexts(torrent.get("collections"), limits.maxUrlCount),
    similar: torrent.getList("similar"),
  });
}

/**
 * The model of an info dictionary alone, as peers send it for a magnet link (BEP 9). Check its info-hash first. `outer`
 * is what is known from elsewhere. A v2 torrent has no piece layers yet.
 *
 * @throws MetainfoError
 */
export function parseInfo(
  infoBytes: Uint8Array,
  outer?: Partial<OuterMetainfo>,
  options?: ParseOptions,
): Metainfo {
  const limits = { ...DEFAULT_PARSE_OPTIONS, ...options };
  const { torrent, length, isCanonical } = decodeTorrent(infoBytes, limits);
  if (length < infoBytes.length)
    throw new MetainfoError("METAINFO_BENCODE", "bytes follow the info dictionary", { offset: length });
  return readInfo(torrent, limits, { ...NOTHING_OUTSIDE, ...outer, infoBytes, isCanonical });
}
