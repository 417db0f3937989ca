import { encodeCompactEndpoints } from "@bt/primitives";

/**
 * How far an address reaches:
 * - `loopback` this machine: 127/8, 0/8, ::1, ::
 * - `metadata` the services of cloud machines that hand out credentials: 169.254.169.254, fd00:ec2::254
 * - `local` this network: RFC 1918, carrier-grade NAT, link-local, unique local addresses
 * - `unusable` nobody answers there as one host: multicast, broadcast, reserved
 * - `global` all others
 */
export type AddressScope = "loopback" | "metadata" | "local" | "unusable" | "global";

/** The scope of a numeric address; `undefined` for anything else. IPv4 within IPv6 is judged as IPv4. */
export function addressScope(host: string): AddressScope | undefined {
  const plain = host.split("%", 1)[0]!; // a link-local address may name its interface: fe80::1%eth0
  const v4 = addressBytes(plain, 4);
  if (v4 !== undefined) return scopeOfV4(v4);
  const v6 = addressBytes(plain, 6);
  return v6 && scopeOfV6(v6);
}

function addressBytes(host: string, family: 4 | 6): Uint8Array | undefined {
  const compact = encodeCompactEndpoints([{ host, port: 1 }], family);
  return compact.length === 0 ? undefined : compact.subarray(0, -2);
}

function scopeOfV4(address: Uint8Array): AddressScope {
  const [a, b, c, d] = address as unknown as [number, number, number, number];
  if (a === 127 || a === 0) return "loopback"; // connecting to 0.0.0.0 reaches this machine on Linux
  if (a === 169 && b === 254) return c === 169 && d === 254 ? "metadata" : "local";
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return "local";
  if (a === 100 && b >= 64 && b < 128) return "local"; // RFC 6598
  return a >= 224 ? "unusable" : "global";
}

function scopeOfV6(address: Uint8Array): AddressScope {
  const startsWith = (...prefix: number[]): boolean => prefix.every((byte, i) => address[i] === byte);
  const zeros = Array<number>(10).fill(0);
  const embedded = address.subarray(12);
  if (startsWith(...zeros, 0xff, 0xff)) return scopeOfV4(embedded); // mapped, RFC 4291 2.5.5.2
  if (startsWith(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)) return scopeOfV4(embedded); // NAT64, RFC 6052
  if (startsWith(...zeros, 0, 0)) {
    const isOwn = embedded[0] === 0 && embedded[1] === 0 && embedded[2] === 0 && embedded[3]! <= 1;
    return isOwn ? "loopback" : scopeOfV4(embedded); // "compatible", RFC 4291 2.5.5.1
  }
  if (startsWith(0xfd, 0, 0x0e, 0xc2, ...zeros, 0x02, 0x54)) return "metadata";
  const [first, second] = address as unknown as [number, number];
  if (first === 0xff) return "unusable";
  if ((first & 0xfe) === 0xfc) return "local"; // RFC 4193
  return first === 0xfe && second >= 0x80 ? "local" : "global";
}
