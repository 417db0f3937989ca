import { encode, type Encodable } from "@bt/bencode";
import { bytesEqual, compareBytes } from "@bt/primitives";
import { decodeTorrent } from "./decode-torrent.ts";
import { MetainfoError } from "./errors.ts";
import type { DhtNodeAddress } from "./metainfo.ts";
import { encodeText } from "./text.ts";

/** New values for what lies outside of the info dictionary; `null` takes a field away, `undefined` leaves it. */
export interface TorrentEdits {
  readonly trackers?: readonly (readonly string[])[] | null | undefined;
  readonly webSeeds?: readonly string[] | null | undefined;
  readonly httpSeeds?: readonly string[] | null | undefined;
  readonly nodes?: readonly DhtNodeAddress[] | null | undefined;
  readonly comment?: string | null | undefined;
  readonly createdBy?: string | null | undefined;
  readonly creationDate?: number | null | undefined;
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
  const changed = Object.entries(changes).filter(([, value]) => value !== undefined);
  const names = changed.map(([name]) => encodeText(name));
  const entries: (readonly [key: Uint8Array, value: Uint8Array])[] = [];
  for (const [key, { start, end }] of torrent.spans())
    if (!names.some((name) => bytesEqual(name, key))) entries.push([key, bytes.subarray(start, end)]);
  for (const [i, [, value]] of changed.entries())
    if (value !== null) entries.push([names[i]!, encode(value as Encodable)]);
  entries.sort(([a], [b]) => compareBytes(a, b));
  // Of a key that stands twice the first counts, as when it is read.
  const parts = entries.flatMap(([key, value], i) =>
    i > 0 && bytesEqual(key, entries[i - 1]![0]) ? [] : [encode(key), value],
  );
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
