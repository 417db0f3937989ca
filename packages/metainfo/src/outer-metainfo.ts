import { type BencodeDictionary, type BencodeValue } from "@bt/bencode";
import type { DhtNodeAddress, OuterMetainfo } from "./metainfo.ts";
import { decodeText } from "./text.ts";
import { isTrackerUrl, MAX_URL_LENGTH } from "./url.ts";

/**
 * Trackers, seeds, nodes and notes. Everything here is optional: what has not the right type is left out. URLs are as
 * stored, also of schemes that nobody speaks: that is what `bt info` shows.
 */
export function readOuterMetainfo(torrent: BencodeDictionary, maxUrlCount: number): OuterMetainfo {
  const comment = torrent.getText("comment.utf-8") ?? torrent.getText("comment");
  const createdBy = torrent.getText("created by");
  const creationDate = torrent.getInteger("creation date");
  return {
    trackers: readTrackers(torrent, maxUrlCount),
    webSeeds: readTexts(torrent.get("url-list"), maxUrlCount),
    httpSeeds: readTexts(torrent.get("httpseeds"), maxUrlCount),
    nodes: readNodes(torrent.getList("nodes"), maxUrlCount),
    ...(comment !== undefined && { comment }),
    ...(createdBy !== undefined && { createdBy }),
    ...(creationDate !== undefined && { creationDate }),
  };
}

/**
 * A list of strings, or one string alone: both are found for `url-list` (BEP 19), tiers and collections. Empty ones and
 * those longer than any URL are left out.
 */
export function readTexts(value: BencodeValue | undefined, maxCount: number): string[] {
  const list = Array.isArray(value) ? (value as readonly BencodeValue[]) : [value];
  const texts: string[] = [];
  for (const item of list) {
    if (texts.length >= maxCount) break;
    if (!(item instanceof Uint8Array) || item.length > MAX_URL_LENGTH) continue;
    const text = decodeText(item).trim();
    if (text !== "") texts.push(text);
  }
  return texts;
}

/** BEP 12: `announce-list` takes the place of `announce`, unless nothing in it can be used. */
function readTrackers(torrent: BencodeDictionary, maxCount: number): string[][] {
  const tiers: string[][] = [];
  let rest = maxCount;
  for (const tier of torrent.getList("announce-list") ?? []) {
    const urls = [...new Set(readTexts(tier, rest))];
    rest -= urls.length;
    if (urls.length > 0) tiers.push(urls);
    if (rest <= 0) break;
  }
  if (tiers.flat().some(isTrackerUrl)) return tiers;
  const announce = readTexts(torrent.getBytes("announce"), 1);
  return announce.length > 0 ? [announce] : tiers;
}

/** BEP 5 `nodes`: pairs of a host and a port. */
function readNodes(list: readonly BencodeValue[] | undefined, maxCount: number): DhtNodeAddress[] {
  const nodes: DhtNodeAddress[] = [];
  for (const entry of list ?? []) {
    if (nodes.length >= maxCount) break;
    const [host, port] = Array.isArray(entry) ? (entry as readonly BencodeValue[]) : [];
    if (!(host instanceof Uint8Array) || host.length === 0 || host.length > 255) continue;
    if (typeof port === "number" && port >= 1 && port <= 65_535) nodes.push({ host: decodeText(host), port });
  }
  return nodes;
}
