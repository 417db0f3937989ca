import { AZUREUS_STYLE_CLIENTS, MAINLINE_STYLE_CLIENTS, SHADOW_STYLE_CLIENTS } from "./client-codes.ts";

/** What stands for a peer id that says nothing. */
const UNKNOWN = "unknown";

/**
 * The client and version that a peer id claims, for people to read, e.g. `qBittorrent 4.6.0`. Peer ids are what
 * strangers make of them: the answer is never proof, and holds only letters, digits, blanks, dots and parentheses, whatever
 * the bytes are; `unknown` when they follow no convention of BEP 20. A client's name in its extension handshake
 * is the better source where there is one.
 */
export function clientNameOf(peerId: Uint8Array): string {
  const text = printable(peerId);
  return azureusStyle(text) ?? mainlineStyle(text) ?? otherStyle(text) ?? shadowStyle(text) ?? UNKNOWN;
}

/** The first bytes, where clients sign; a byte that must not reach a screen becomes a blank. */
function printable(peerId: Uint8Array): string {
  let text = "";
  for (const byte of peerId.subarray(0, 12)) {
    const letter = String.fromCharCode(byte);
    text += /[A-Za-z0-9~.+-]/.test(letter) ? letter : " ";
  }
  return text;
}

/** `-AZ2060-`: two letters for the client, four characters for the version. The last dash is not always there. */
function azureusStyle(text: string): string | undefined {
  const match = /^-([A-Za-z][A-Za-z~])([0-9A-Za-z]{3}[0-9A-Za-z-])(-?)/.exec(text);
  if (match === null) return undefined;
  const code = match[1]!;
  const version = match[2]!;
  const client = AZUREUS_STYLE_CLIENTS.get(code);
  // A code that is not in the table is believed only when the whole form fits.
  if (client === undefined) return match[3] === "-" ? `${code} ${dotted(version)}` : undefined;
  return `${client} ${(VERSION_STYLES.get(code) ?? threeOrFourParts)(version)}`;
}

/** `M4-20-8-`: a letter, then three numbers with dashes between; aria2 has a letter, a digit and a dash before. */
function mainlineStyle(text: string): string | undefined {
  const match = /^(A2(?=-)|[A-Z])-?([0-9]+-[0-9]+-[0-9]+)-/.exec(text);
  const client = match === null ? undefined : MAINLINE_STYLE_CLIENTS.get(match[1]!);
  return client === undefined ? undefined : `${client} ${match![2]!.replaceAll("-", ".")}`;
}

/** `T03I-----`: a letter, up to five characters of version, filled up with dashes, three dashes. */
function shadowStyle(text: string): string | undefined {
  const match = /^([A-Z])(?=.{5}---)([0-9A-Za-z.]{1,5})-/.exec(text);
  const client = match === null ? undefined : SHADOW_STYLE_CLIENTS.get(match[1]!);
  return client === undefined ? undefined : `${client} ${dotted(match![2]!.replaceAll(".", ""))}`;
}

/** Those that BEP 20 describes one by one. */
function otherStyle(text: string): string | undefined {
  const xbt = /^XBT([0-9]{3})([d-])-/.exec(text);
  if (xbt !== null) return `XBT Client ${dotted(xbt[1]!)}${xbt[2] === "d" ? " (Debug)" : ""}`;
  const donkey = /^-ML([0-9]+(?:\.[0-9]+)*)/.exec(text);
  if (donkey !== null) return `MLDonkey ${donkey[1]!}`;
  const opera = /^OP([0-9]{4})/.exec(text);
  if (opera !== null) return `Opera (Build ${opera[1]!})`;
  return undefined;
}

const VERSION_STYLES: ReadonlyMap<string, (version: string) => string> = new Map([
  ["AZ", dotted],
  ["BI", dotted],
  ["KT", kTorrentVersion],
  [
    "PI",
    (version) =>
      `${numberOf(version[0]!)}.${numberOf(version[1]!) * 10 + numberOf(version[2]!)}.${numberOf(version[3]!)}`,
  ],
  ["TR", transmissionVersion],
  ["UE", microTorrentVersion],
  ["UM", microTorrentVersion],
  ["UT", microTorrentVersion],
  ["UW", microTorrentVersion],
]);

/** `4650` is 4.6.5, `4651` is 4.6.5.1; a small letter at the end (Deluge's `211s`) tells the build. */
function threeOrFourParts(version: string): string {
  return dotted(/[0a-z-]$/.test(version) ? version.slice(0, 3) : version);
}

/** `1234` is 1.2.3.4; letters count on: A is 10, Z is 35, a is 36. */
function dotted(version: string): string {
  return Array.from(version, numberOf).join(".");
}

function numberOf(digit: string): number {
  if (digit >= "0" && digit <= "9") return Number(digit);
  if (digit >= "A" && digit <= "Z") return digit.charCodeAt(0) - 55;
  if (digit >= "a" && digit <= "z") return digit.charCodeAt(0) - 61;
  return 0;
}

/** Transmission's own history: 0006 is 0.6, 1330 is 1.33, 4010 is 4.0.1; a letter at the end is a test build. */
function transmissionVersion(version: string): string {
  const last = version[3]!;
  if (version.startsWith("000")) return `0.${numberOf(last)}`;
  const build = last === "Z" || last === "X" ? " (Dev)" : last === "B" ? " (Beta)" : "";
  const major = numberOf(version[0]!);
  if (major < 4) return `${major}.${version.slice(1, 3)}${build}`;
  return `${major}.${numberOf(version[1]!)}.${numberOf(version[2]!)}${build}`;
}

/** `33D1` is 3.3 Dev 1, `32R2` is 3.2 RC 2, `4310` is 4.3.1. */
function kTorrentVersion(version: string): string {
  const major = `${numberOf(version[0]!)}.${numberOf(version[1]!)}`;
  if (version[2] === "D") return `${major} Dev ${numberOf(version[3]!)}`;
  if (version[2] === "R") return `${major} RC ${numberOf(version[3]!)}`;
  return `${major}.${numberOf(version[2]!)}`;
}

/** `1110` is 1.1.10 and `355S` 3.5.5: the last number has one or two digits, a letter is a build; */
function microTorrentVersion(version: string): string {
  return `${numberOf(version[0]!)}.${numberOf(version[1]!)}.${Number(/^..([0-9]+)/.exec(version)?.[1] ?? 0)}`;
}
