import { encode, type Encodable } from "@bt/bencode";
import { decodeTorrent } from "./decode-torrent.ts";
import { MetainfoError } from "./errors.ts";
import type { DhtNodeAddress } from "./metainfo.ts";

/** New values for what lies outside of the info dictionary; `null` takes a field away, `undefined` leaves it. */
export interface TorrentEdits {
  readonly trackers?: readonly (readonly string[])[] | null;
  readonly webSeeds?: readonly string[] | null;
  readonly httpSeeds?: readonly string[] | null;
  readonly nodes?: readonly DhtNodeAddress[] | null;
  readonly comment?: string | null;
  readonly createdBy?: string | null;
  readonly creationDate?: number | null;
}

/**
 * The torrent with other trackers, seeds and notes. The info dictionary is copied byte for byte, so the info-hash stays
 * the same even when its keys are not in order.
 *
 * @throws MetainfoError when this is no torrent.
 */
export function editTorrent(bytes: Uint8Array, edits: TorrentEdits): Uint8Array {
  const { torrent } = decodeTorrent(bytes);
  if (torrent.getDictionary("info") === undefined)
    throw new MetainfoError("METAINFO_NO_INFO", "there is no info dictionary");
  const urls = edits.trackers?.flat() ?? [];
  const changes: Record<string, Encodable | null | undefined> = {
    announce: edits.trackers === undefined ? undefined : (urls[0] ?? null),
    "announce-list": edits.trackers === undefined ? undefined : urls.length > 1 ? edits.trackers : null,
    "url-list": edits.webSeeds,
    httpseeds: edits.httpSeeds,
    nodes: edits.nodes && edits.nodes.map(({ host, port }) => [host, port]),
    comment: edits.comment,
    "comment.utf-8": edits.comment === undefined ? undefined : null,
    "created by": edits.createdBy,
    "creation date": edits.creationDate,
  };
  // Keys are looked up as text, but those that stay are written as the bytes they are.
  const entries = new Map<string, { key: Uint8Array; value: Uint8Array }>();
  for (const [key, { start, end }] of torrent.spans()) {
    const order = orderOf(key);
    // Of a key that stands twice the first counts, as when it is read.
    if (!entries.has(order)) entries.set(order, { key: encode(key), value: bytes.subarray(start, end) });
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    if (value === null) entries.delete(name);
    else entries.set(name, { key: encode(name), value: encode(value) });
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = sorted.flatMap(([, { key, value }]) => [key, value]);
  // Not as arguments of a function, of which there must not be 100,000: a stranger may have written the torrent.
  const edited = new Uint8Array(parts.reduce((length, part) => length + part.length, 2));
  edited[0] = 0x64;
  let at = 1;
  for (const part of parts) {
    edited.set(part, at);
    at += part.length;
  }
  edited[at] = 0x65;
  return edited;
}

/** A character for each byte: text that sorts as the bytes do. */
function orderOf(key: Uint8Array): string {
  let text = "";
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}
