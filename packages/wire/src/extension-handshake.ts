import { BencodeDictionary, BencodeError, decode, encode, type Encodable } from "@bt/bencode";
import { decodeCompactAddress, encodeCompactAddress } from "./compact-address.ts";
import { WireError } from "./errors.ts";
import { encodeExtended } from "./message-encoder.ts";

/** The extension id of the extension handshake (BEP 10). */
export const EXTENSION_HANDSHAKE_ID = 0;

/** What a peer says of itself in its extension handshake. Absent means: not said, or not said sensibly. */
export interface ExtensionHandshake {
  /**
   * Name to the number under which the peer wants to get that extension's messages; 0 switches it off. Later
   * handshakes add to earlier ones.
   */
  readonly extensions: ReadonlyMap<string, number>;
  /** `v`, without control characters and at most 64 characters long. Still a stranger's text: escape it. */
  readonly client?: string;
  /** `reqq`, at least 1: how many requests it lets us have under way. */
  readonly requestQueueDepth?: number;
  /** `p`, 1 to 65,535: the TCP port on which it listens. */
  readonly port?: number;
  /** `yourip`: our address as it sees it. */
  readonly yourIp?: string;
  /** `ipv4` and `ipv6`: other addresses of the peer. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** `metadata_size` (BEP 9), at least 1: bytes of the info dictionary. A claim: cap it before you believe it. */
  readonly metadataLength?: number;
  /** `upload_only` (BEP 21): it will not download more. */
  readonly uploadOnly?: boolean;
}

export interface ExtensionHandshakeModel extends Omit<ExtensionHandshake, "extensions"> {
  readonly extensions: Readonly<Record<string, number>> | ReadonlyMap<string, number>;
}

export interface ExtensionHandshakeOptions {
  /** Names of extensions that are kept; what comes after them is left out. */
  readonly maxExtensionCount?: number;
  /** Characters of a name; longer ones are left out. */
  readonly maxNameLength?: number;
  /** Bencoded values in the whole message; more of them are an error. Clients send about 20. */
  readonly maxValueCount?: number;
  /** Dictionaries and lists inside one another; more of them are an error. `m` is the second. */
  readonly maxDepth?: number;
}

export const DEFAULT_EXTENSION_HANDSHAKE_OPTIONS: Readonly<Required<ExtensionHandshakeOptions>> =
  Object.freeze({
    maxExtensionCount: 100,
    maxNameLength: 64,
    maxValueCount: 2_000,
    maxDepth: 10,
  });

const MAX_CLIENT_LENGTH = 64;

/** The whole framed message. RangeError for numbers and addresses that BEP 10 has no place for. */
export function encodeExtensionHandshake(model: ExtensionHandshakeModel): Uint8Array {
  const { extensions } = model;
  const ids = new Map<string, Encodable>(extensions instanceof Map ? extensions : Object.entries(extensions));
  for (const [name, id] of ids) requireInteger(`extension id of ${name}`, id, 0, 255);
  const fields = new Map<string, Encodable>([["m", ids]]);
  if (model.client !== undefined) fields.set("v", model.client);
  if (model.requestQueueDepth !== undefined)
    fields.set("reqq", requireInteger("request queue depth", model.requestQueueDepth, 1));
  if (model.port !== undefined) fields.set("p", requireInteger("port", model.port, 1, 65_535));
  if (model.metadataLength !== undefined)
    fields.set("metadata_size", requireInteger("metadata length", model.metadataLength, 1));
  if (model.uploadOnly !== undefined) fields.set("upload_only", model.uploadOnly ? 1 : 0);
  if (model.yourIp !== undefined) fields.set("yourip", encodeCompactAddress(model.yourIp));
  if (model.ipv4 !== undefined) fields.set("ipv4", requireLength(encodeCompactAddress(model.ipv4), 4));
  if (model.ipv6 !== undefined) fields.set("ipv6", requireLength(encodeCompactAddress(model.ipv6), 16));
  return encodeExtended(EXTENSION_HANDSHAKE_ID, encode(fields));
}

/**
 * Reads the payload of an extended message with id 0. A field that makes no sense counts as absent, as clients do;
 * unsorted keys and trailing bytes are taken. Throws `WireError` when the payload is no bencoded dictionary or exceeds
 * the options.
 */
export function decodeExtensionHandshake(
  payload: Uint8Array,
  options: ExtensionHandshakeOptions = {},
): ExtensionHandshake {
  const limits = { ...DEFAULT_EXTENSION_HANDSHAKE_OPTIONS, ...options };
  const fields = decodeDictionary(payload, limits);
  const client = fields.getText("v");
  const requestQueueDepth = integerIn(fields, "reqq", 1);
  const port = integerIn(fields, "p", 1, 65_535);
  const metadataLength = integerIn(fields, "metadata_size", 1);
  const uploadOnly = fields.getInteger("upload_only");
  const yourIp = addressIn(fields, "yourip");
  const ipv4 = addressIn(fields, "ipv4", 4);
  const ipv6 = addressIn(fields, "ipv6", 16);
  return {
    extensions: readExtensions(fields.getDictionary("m"), limits),
    ...(client !== undefined && { client: cleanText(client) }),
    ...(requestQueueDepth !== undefined && { requestQueueDepth }),
    ...(port !== undefined && { port }),
    ...(metadataLength !== undefined && { metadataLength }),
    ...(uploadOnly !== undefined && { uploadOnly: uploadOnly !== 0 }),
    ...(yourIp !== undefined && { yourIp }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  };
}

function decodeDictionary(
  payload: Uint8Array,
  limits: Required<ExtensionHandshakeOptions>,
): BencodeDictionary {
  try {
    const { maxDepth, maxValueCount } = limits;
    const value = decode(payload, { tolerant: true, maxDepth, maxValueCount });
    if (value instanceof BencodeDictionary) return value;
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause;
    throw new WireError("WIRE_BAD_EXTENSION_MESSAGE", `extension handshake: ${cause.message}`, {}, { cause });
  }
  throw new WireError("WIRE_BAD_EXTENSION_MESSAGE", "extension handshake: not a dictionary");
}

/** A Map and no object: names come from strangers, and `__proto__` is one. */
function readExtensions(
  m: BencodeDictionary | undefined,
  { maxExtensionCount, maxNameLength }: Required<ExtensionHandshakeOptions>,
): Map<string, number> {
  const extensions = new Map<string, number>();
  if (m === undefined) return extensions;
  for (const [name, id] of m.entries()) {
    if (extensions.size >= maxExtensionCount) break;
    if (name.length <= maxNameLength && typeof id === "number" && id >= 0 && id <= 255)
      extensions.set(name, id);
  }
  return extensions;
}

function integerIn(
  fields: BencodeDictionary,
  key: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = fields.getInteger(key);
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function addressIn(fields: BencodeDictionary, key: string, length?: 4 | 16): string | undefined {
  const bytes = fields.getBytes(key);
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) return undefined;
  return decodeCompactAddress(bytes);
}

/** Without control, formatting (also those that turn the direction of text) and unassigned characters. */
function cleanText(text: string): string {
  const start = text.slice(0, 4 * MAX_CLIENT_LENGTH).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return Array.from(start.trim()).slice(0, MAX_CLIENT_LENGTH).join("");
}

function requireInteger(
  what: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${what}: ${String(value)}`);
}

function requireLength(address: Uint8Array, length: 4 | 16): Uint8Array {
  if (address.length !== length)
    throw new RangeError(`address of ${address.length} bytes instead of ${length}`);
  return address;
}
