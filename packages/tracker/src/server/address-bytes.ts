import { encodeCompactEndpoints, formatHex } from "@bt/primitives";

/**
 * Writes a numeric address and a port as a compact entry; returns the entry's length, 6 or 18, or 0 for what is no address.
 * An IPv4 address within IPv6 (`::ffff:1.2.3.4`, how an IPv6 socket shows it) is IPv4; a zone (`%eth0`) is left out.
 */
export function writeEntry(host: string, port: number, to: Uint8Array): 0 | 6 | 18 {
  const length = writeAddress(host, to);
  if (length === 0) return 0;
  to[length] = port >>> 8;
  to[length + 1] = port & 0xff;
  return length === 4 ? 6 : 18;
}

/** The same without a port: 4, 16 or 0. */
export function writeAddress(host: string, to: Uint8Array): 0 | 4 | 16 {
  if (writeV4(host, 0, to)) return 4;
  if (host.startsWith("::ffff:") && writeV4(host, 7, to)) return 4;
  const plain = host.split("%", 1)[0]!.toLowerCase();
  const entry = encodeCompactEndpoints([{ host: plain, port: 1 }], 6);
  if (entry.length === 0) return 0;
  if (isMapped(entry)) {
    to.set(entry.subarray(12, 16));
    return 4;
  }
  to.set(entry.subarray(0, 16));
  return 16;
}

/** What a numeric address is counted as where a host has a limit: an IPv6 host has the whole /64 to itself. */
export function countedHost(host: string): string {
  return host.includes(":") && writeAddress(host, scratch) === 16 ? formatHex(scratch.subarray(0, 8)) : host;
}

const scratch = new Uint8Array(16);

function isMapped(entry: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (entry[i] !== 0) return false;
  return entry[10] === 0xff && entry[11] === 0xff;
}

/** The sockets' usual form, read without regular expressions: this happens for each datagram. */
function writeV4(host: string, from: number, to: Uint8Array): boolean {
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let i = from; i <= host.length; i++) {
    const code = i === host.length ? 0x2e : host.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || part > 3) return false;
      to[part++] = value;
      digits = 0;
      value = 0;
      continue;
    }
    if (code < 0x30 || code > 0x39 || (digits > 0 && value === 0)) return false;
    value = value * 10 + code - 0x30;
    if (++digits > 3 || value > 255) return false;
  }
  return part === 4;
}
