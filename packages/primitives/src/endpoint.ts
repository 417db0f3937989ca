/** A numeric address and a port: where a peer or a node answers. `host` is an IPv4 or IPv6 address, never a name. */
export interface Endpoint {
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** Bytes of one compact IPv4 endpoint (BEP 23). */
export const COMPACT_V4_LENGTH = 6;
/** Bytes of one compact IPv6 endpoint (BEP 7). */
export const COMPACT_V6_LENGTH = 18;

/**
 * Endpoints of a compact peer list: 4 (BEP 23) or 16 (BEP 7) address bytes and a big-endian port each. A rest that
 * is too short for an entry and entries with port 0 are left out, as libtorrent does.
 */
export function decodeCompactEndpoints(bytes: Uint8Array, family: 4 | 6): Endpoint[] {
  const entryLength = family === 4 ? COMPACT_V4_LENGTH : COMPACT_V6_LENGTH;
  const endpoints: Endpoint[] = [];
  for (let at = 0; at + entryLength <= bytes.length; at += entryLength) {
    const portAt = at + entryLength - 2;
    const port = bytes[portAt]! * 256 + bytes[portAt + 1]!;
    if (port === 0) continue;
    const address = bytes.subarray(at, portAt);
    endpoints.push({ host: family === 4 ? address.join(".") : formatIPv6(address), port });
  }
  return endpoints;
}

/** The compact form of those endpoints that are of `family`; the others are left out. */
export function encodeCompactEndpoints(endpoints: readonly Endpoint[], family: 4 | 6): Uint8Array {
  const entryLength = family === 4 ? COMPACT_V4_LENGTH : COMPACT_V6_LENGTH;
  const bytes = new Uint8Array(endpoints.length * entryLength);
  let at = 0;
  for (const { host, port } of endpoints) {
    const address = family === 4 ? parseIPv4(host) : parseIPv6(host);
    if (address === undefined) continue;
    bytes.set(address, at);
    bytes[at + entryLength - 2] = port >> 8;
    bytes[at + entryLength - 1] = port & 0xff;
    at += entryLength;
  }
  return bytes.subarray(0, at);
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The endpoint that `1.2.3.4:5` or `[::1]:5` names; `undefined` for names, ports outside 1 to 65,535 and all else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return undefined;
  if (match[2] !== undefined) return parseIPv4(match[2]) && { host: match[2], port };
  const address = parseIPv6(match[1]!);
  return address && { host: formatIPv6(address), port };
}

function parseIPv4(host: string): Uint8Array | undefined {
  const parts = host.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseIPv6(host: string): Uint8Array | undefined {
  let text = host;
  const dotted = /^(.*:)([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/.exec(text);
  if (dotted !== null) {
    const v4 = parseIPv4(dotted[2]!);
    if (v4 === undefined) return undefined;
    text = `${dotted[1]!}${((v4[0]! << 8) | v4[1]!).toString(16)}:${((v4[2]! << 8) | v4[3]!).toString(16)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = halves[0] === "" ? [] : halves[0]!.split(":");
  const tail = halves.length === 1 || halves[1] === "" ? [] : halves[1]!.split(":");
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  }
  return bytes;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIPv6(address: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => address[2 * i]! * 256 + address[2 * i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const text = groups.map((group) => group.toString(16));
  if (bestStart < 0) return text.join(":");
  return `${text.slice(0, bestStart).join(":")}::${text.slice(bestStart + bestLength).join(":")}`;
}
