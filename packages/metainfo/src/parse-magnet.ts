import { MetainfoError } from "./errors.ts";
import { parseFileSelection } from "./file-selection.ts";
import { parseInfoHash } from "./info-hash.ts";
import type { Magnet } from "./magnet.ts";
import type { DhtNodeAddress } from "./metainfo.ts";
import { parseNodeAddress } from "./node-address.ts";
import { decodeText } from "./text.ts";
import { isTrackerUrl, isWebSeedUrl } from "./url.ts";

/** What `parseMagnet` takes. All numbers are upper bounds. */
export interface MagnetOptions {
  /** Characters of the link, default 8 Mi: 100,000 parameters have room. */
  readonly maxLength?: number;
  /** Trackers, web seeds, sources, peers, nodes: of each. Default 1,000; more are left out. */
  readonly maxUrlCount?: number;
}

/** What `parseMagnet` does without options. */
export const DEFAULT_MAGNET_OPTIONS: Required<MagnetOptions> = Object.freeze({
  maxLength: 8_388_608,
  maxUrlCount: 1000,
});

/** The multihash prefix of a SHA-256: its code and its length (BEP 9 "magnet URI format"). */
const SHA256_PREFIX = "1220";

/** Some programs write every URI with an empty authority and path: `magnet:///?xt=…` (Transmission takes these, too). */
const SCHEME = /^magnet:(?:\/{2,3})?\?/i;

/**
 * The model of a magnet link, or of an info-hash alone (hex or base32). Parameters may come in any order and case, with
 * `.1` and so on appended. Trackers and web seeds that are no URLs of a known scheme are left out, and so is in any list
 * what is there already.
 *
 * @throws MetainfoError METAINFO_MAGNET when this is no magnet link or has no info-hash of BitTorrent.
 */
export function parseMagnet(uri: string, options?: MagnetOptions): Magnet {
  const { maxLength, maxUrlCount } = { ...DEFAULT_MAGNET_OPTIONS, ...options };
  if (uri.length > maxLength)
    throw new MetainfoError("METAINFO_MAGNET", `${uri.length} characters are too many`);
  const text = uri.trim();
  const bare = parseInfoHash(text);
  const scheme = bare === undefined ? SCHEME.exec(text)?.[0] : text;
  if (scheme === undefined) throw new MetainfoError("METAINFO_MAGNET", "this is no magnet link");

  const hashes: { infoHash?: Uint8Array; infoHashV2?: Uint8Array } = {};
  if (bare !== undefined) hashes[bare.length === 20 ? "infoHash" : "infoHashV2"] = bare;
  const facts: { name?: string; length?: number } = {};
  const lists: Record<string, string[]> = {
    tr: [],
    ws: [],
    as: [],
    xs: [],
    "x.pe": [],
    dht: [],
    so: [],
    kt: [],
  };
  const others: [string, string][] = [];
  for (const parameter of text.slice(scheme.length).split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const key = decodePercent(equals < 0 ? parameter : parameter.slice(0, equals));
    const raw = equals < 0 ? "" : parameter.slice(equals + 1);
    const value = decodePercent(raw);
    const kind = key.toLowerCase().replace(/\.[0-9]+$/, "");
    if (kind === "dn") facts.name = decodeWords(raw);
    else if (kind === "kt") lists["kt"]!.push(...decodeWords(raw).split(" ", maxUrlCount));
    else if (Object.hasOwn(lists, kind)) lists[kind]!.push(value);
    else if (kind === "xl") {
      if (/^[0-9]{1,15}$/.test(value)) facts.length = Number(value);
    } else if (kind !== "xt" || !readTopic(value, hashes)) others.push([key, value]);
  }
  if (hashes.infoHash === undefined && hashes.infoHashV2 === undefined)
    throw new MetainfoError("METAINFO_MAGNET", "there is no info-hash of BitTorrent");
  const listOf = (kind: string, isUsable: (value: string) => unknown): string[] =>
    [...new Set(lists[kind]!.filter(isUsable))].slice(0, maxUrlCount);
  const addressesOf = (kind: string): DhtNodeAddress[] =>
    listOf(kind, parseNodeAddress).map((value) => parseNodeAddress(value)!);
  return {
    ...hashes,
    ...facts,
    trackers: listOf("tr", isTrackerUrl).map((url) => [url]),
    webSeeds: listOf("ws", isWebSeedUrl),
    acceptableSources: listOf("as", Boolean),
    exactSources: listOf("xs", Boolean),
    peers: addressesOf("x.pe"),
    nodes: addressesOf("dht"),
    ...(lists["so"]!.length > 0 && { select: parseFileSelection(lists["so"]!) }),
    keywords: listOf("kt", Boolean),
    others,
  };
}

/** Takes the info-hash of an `xt`; of each kind the last counts, as in other clients. False when this is another network's. */
function readTopic(value: string, hashes: { infoHash?: Uint8Array; infoHashV2?: Uint8Array }): boolean {
  const match = /^urn:(btih|btmh):(.*)$/is.exec(value);
  if (match === null) return false;
  const isV2 = match[1]!.toLowerCase() === "btmh";
  const text = match[2]!;
  // A multihash of another function is of a version to come.
  if (isV2 && !text.startsWith(SHA256_PREFIX)) return false;
  const hash = parseInfoHash(isV2 ? text.slice(SHA256_PREFIX.length) : text);
  if (hash?.length !== (isV2 ? 32 : 20))
    throw new MetainfoError("METAINFO_MAGNET", "an info-hash is malformed");
  if (isV2) hashes.infoHashV2 = hash;
  else hashes.infoHash = hash;
  return true;
}

/** Text of people is written as in a form: a plus is a space. In a URL it stays a plus. */
function decodeWords(raw: string): string {
  return decodePercent(raw.replaceAll("+", " "));
}

function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8, or a bare percent sign: what can be decoded is, the rest stays as it is.
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
      const bytes = new Uint8Array(escapes.length / 3);
      for (let i = 0; i < bytes.length; i++)
        bytes[i] = Number.parseInt(escapes.slice(3 * i + 1, 3 * i + 3), 16);
      return decodeText(bytes);
    });
  }
}
