import { BencodeDictionary } from "@bt/bencode";
import { formatHex } from "@bt/primitives";
import { decodeAnswer, readCount } from "./announce-response.ts";
import { TrackerError } from "./errors.ts";

/** The state of one swarm. */
export interface ScrapeEntry {
  readonly seederCount: number;
  readonly leecherCount: number;
  /** Downloads completed so far. */
  readonly completedCount: number;
  /** Leechers that still want something, where the tracker tells partial seeds apart (BEP 21). */
  readonly downloaderCount?: number;
}

export interface ScrapeResponse {
  /** By info-hash in lower-case hexadecimal; a swarm that the tracker does not know may be absent. */
  readonly swarms: ReadonlyMap<string, ScrapeEntry>;
}

/**
 * The answer to a scrape (BEP 48). With `askedFor`, rows of other info-hashes are left out.
 * @throws TrackerError `TRACKER_FAILURE`, `TRACKER_BAD_RESPONSE`.
 */
export function decodeScrapeResponse(bytes: Uint8Array, askedFor?: readonly Uint8Array[]): ScrapeResponse {
  const files = decodeAnswer(bytes).getDictionary("files");
  if (files === undefined) throw new TrackerError("TRACKER_BAD_RESPONSE", "the tracker sent no scrape");
  const wanted = askedFor && new Set(askedFor.map(formatHex));
  const swarms = new Map<string, ScrapeEntry>();
  for (const [infoHash, row] of files.byteEntries()) {
    const hash = infoHash.length === 20 ? infoHash : mendedHash(infoHash);
    if (hash === undefined || !(row instanceof BencodeDictionary)) continue;
    const hex = formatHex(hash);
    if (wanted?.has(hex) === false) continue;
    const downloaderCount = readCount(row, "downloaders");
    swarms.set(hex, {
      seederCount: readCount(row, "complete") ?? 0,
      leecherCount: readCount(row, "incomplete") ?? 0,
      completedCount: readCount(row, "downloaded") ?? 0,
      ...(downloaderCount !== undefined && { downloaderCount }),
    });
  }
  return { swarms };
}

/**
 * bittorrent-tracker 11 writes a hash as if it were Latin-1 text, in UTF-8: 21 to 40 bytes that are 20 characters below
 * U+0100.
 */
function mendedHash(key: Uint8Array): Uint8Array | undefined {
  if (key.length < 20 || key.length > 40) return undefined;
  const characters = [...new TextDecoder().decode(key)].map((character) => character.codePointAt(0)!);
  return characters.length === 20 && characters.every((code) => code < 256)
    ? Uint8Array.from(characters)
    : undefined;
}
