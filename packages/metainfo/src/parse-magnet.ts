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
  const trackers = new Map<string, string>();
  const webSeeds = new Map<string, string>();
  const acceptableSources = new Map<string, string>();
  const exactSources = new Map<string, string>();
  const peers = new Map<string, DhtNodeAddress>();
  const nodes = new Map<string, DhtNodeAddress>();
  const selections: string[] = [];
  const keywords = new Map<string, string>();
  const others: [string, string][] = [];
  const addTo = <Item>(items: Map<string, Item>, text: string, item: Item | undefined): void => {
    if (item !== undefined && items.size < maxUrlCount) items.set(text, item);
  };

  for (const parameter of text.slice(scheme.length).split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const key = decodePercent(equals < 0 ? parameter : parameter.slice(0, equals));
    const raw = equals < 0 ? "" : parameter.slice(equals + 1);
    const value = decodePercent(raw);
    switch (key.toLowerCase().replace(/\.[0-9]+$/, "")) {
      case "xt":
        if (!readTopic(value, hashes)) others.push([key, value]);
        break;
      case "dn":
        facts.name = decodeWords(raw);
        break;
      case "xl":
        if (/^[0-9]{1,15}$/.test(value)) facts.length = Number(value);
        break;
      case "tr":
        addTo(trackers, value, isTrackerUrl(value) ? value : undefined);
        break;
      case "ws":
        addTo(webSeeds, value, isWebSeedUrl(value) ? value : undefined);
        break;
      case "as":
        addTo(acceptableSources, value, value);
        break;
      case "xs":
        addTo(exactSources, value, value);
        break;
      case "x.pe":
        addTo(peers, value, parseNodeAddress(value));
        break;
      case "dht":
        addTo(nodes, value, parseNodeAddress(value));
        break;
      case "so":
        selections.push(value);
        break;
      case "kt":
        for (const word of decodeWords(raw).split(" ")) if (word !== "") addTo(keywords, word, word);
        break;
      default:
        others.push([key, value]);
    }
  }
  if (hashes.infoHash === undefined && hashes.infoHashV2 === undefined)
    throw new MetainfoError("METAINFO_MAGNET", "there is no info-hash of BitTorrent");
  return {
    ...hashes,
    ...facts,
    trackers: [...trackers.values()].map((url) => [url]),
    webSeeds: [...webSeeds.values()],
    acceptableSources: [...acceptableSources.values()],
    exactSources: [...exactSources.values()],
    peers: [...peers.values()],
    nodes: [...nodes.values()],
    ...(selections.length > 0 && { select: parseFileSelection(selections) }),
    keywords: [...keywords.values()],
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
