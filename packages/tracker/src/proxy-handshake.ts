import { concatBytes, decodeCompactEndpoints, encodeCompactEndpoints, type Endpoint } from "@bt/primitives";
import { TrackerError } from "./errors.ts";
import type { ProxyUrl } from "./proxy-url.ts";

/** An HTTP proxy's answer to CONNECT is read no further than this. */
const MAX_CONNECT_ANSWER_LENGTH = 16_384;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Where a proxy shall lead; a name is looked up by the proxy. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** `connect`: a stream to the target. `associate`: SOCKS 5 shall carry datagrams (RFC 1928 7). */
export type ProxyCommand = "connect" | "associate";

/**
 * What is said to a proxy before a stream through it begins: HTTP's CONNECT (RFC 9110 9.3.6) or SOCKS 5 (RFC 1928, with the
 * password of RFC 1929). Pure: send what `start` and each `push` give, until `isDone`; `rest` then belongs to the stream.
 */
export class ProxyHandshake {
  isDone = false;
  /** What came behind the proxy's last word. */
  rest: Uint8Array = NOTHING;
  /** Where SOCKS takes datagrams, after `associate`; its address may be all zeros, which means the proxy's own. */
  bound: Endpoint | undefined;
  readonly #proxy: ProxyUrl;
  readonly #target: ProxyTarget;
  readonly #command: ProxyCommand;
  #step: "http" | "method" | "password" | "reply";
  #held: Uint8Array = NOTHING;

  /** @throws RangeError for datagrams through HTTP. */
  constructor(proxy: ProxyUrl, target: ProxyTarget, command: ProxyCommand = "connect") {
    if (proxy.scheme === "http" && command !== "connect") throw new RangeError("HTTP carries no datagrams");
    this.#proxy = proxy;
    this.#target = target;
    this.#command = command;
    this.#step = proxy.scheme === "http" ? "http" : "method";
  }

  /** The first words. */
  start(): Uint8Array {
    if (this.#step === "method") return Uint8Array.of(5, 1, this.#hasPassword ? 2 : 0);
    const { host, port } = this.#target;
    const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const authorization = basicAuthorization(this.#proxy);
    const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
    if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
    return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  }

  /**
   * Bytes of the proxy; returns what to answer, nothing when it is empty.
   * @throws TrackerError `TRACKER_UNREACHABLE` when the proxy refuses, or speaks another language.
   */
  push(bytes: Uint8Array): Uint8Array {
    this.#held = concatBytes(this.#held, bytes);
    let answer: Uint8Array = NOTHING;
    for (let before = -1; !this.isDone && this.#held.length !== before;) {
      before = this.#held.length;
      answer = concatBytes(answer, this.#advance());
    }
    if (this.isDone) {
      this.rest = this.#held;
      this.#held = NOTHING;
    }
    return answer;
  }

  get #hasPassword(): boolean {
    return this.#proxy.username !== "";
  }

  /** Takes one word off what is held, if it is whole. */
  #advance(): Uint8Array {
    switch (this.#step) {
      case "http":
        this.#readHttp();
        return NOTHING;
      case "method": {
        const word = this.#take(2);
        if (word === undefined) return NOTHING;
        const wanted = this.#hasPassword ? 2 : 0;
        if (word[0] !== 5) throw proxyFailed("does not speak SOCKS 5");
        if (word[1] !== wanted)
          throw proxyFailed(this.#hasPassword ? "takes no password" : "wants a password");
        this.#step = this.#hasPassword ? "password" : "reply";
        return this.#hasPassword ? this.#password() : this.#request();
      }
      case "password": {
        const word = this.#take(2);
        if (word === undefined) return NOTHING;
        if (word[1] !== 0) throw proxyFailed("refuses the password");
        this.#step = "reply";
        return this.#request();
      }
      case "reply":
        this.#readReply();
        return NOTHING;
    }
  }

  #readHttp(): void {
    const end = endOfHead(this.#held);
    if (end < 0) {
      if (this.#held.length >= MAX_CONNECT_ANSWER_LENGTH) throw proxyFailed("talks too much");
      return;
    }
    const head = String.fromCharCode(...this.#held.subarray(0, Math.min(end, 64)));
    const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1];
    if (status?.startsWith("2") !== true)
      throw proxyFailed(`refused (${status ?? "it does not speak HTTP"})`);
    this.#take(end);
    this.isDone = true;
  }

  #password(): Uint8Array {
    const { username, password } = this.#proxy;
    return concatBytes(Uint8Array.of(1), counted(username), counted(password));
  }

  #request(): Uint8Array {
    const isConnect = this.#command === "connect";
    // RFC 1928 7: whoever does not know where his datagrams will come from says zeros.
    const target = isConnect ? this.#target : { host: "0.0.0.0", port: 0 };
    return concatBytes(Uint8Array.of(5, isConnect ? 1 : 3, 0), encodeSocksAddress(target));
  }

  #readReply(): void {
    const held = this.#held;
    if (held.length >= 1 && held[0] !== 5) throw proxyFailed("does not speak SOCKS 5");
    if (held.length >= 2 && held[1] !== 0) throw proxyFailed(`refused (SOCKS reply ${held[1]})`);
    const address = decodeSocksAddress(held, 3);
    if (address === undefined) return;
    if (address === "bad") throw proxyFailed("does not speak SOCKS 5");
    this.bound = address.endpoint;
    this.#take(address.end);
    this.isDone = true;
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#held.length < length) return undefined;
    const word = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return word;
  }
}

/** RFC 1928 4 and 7: type, address, port. @throws TrackerError for a name that is too long. */
export function encodeSocksAddress({ host, port }: ProxyTarget): Uint8Array {
  for (const family of [4, 6] as const) {
    const compact = encodeCompactEndpoints([{ host, port: port || 1 }], family);
    if (compact.length === 0) continue;
    compact[compact.length - 2] = port >> 8;
    compact[compact.length - 1] = port & 0xff;
    return concatBytes(Uint8Array.of(family === 4 ? 1 : 4), compact);
  }
  return concatBytes(Uint8Array.of(3), counted(host), Uint8Array.of(port >> 8, port & 0xff));
}

/** The address that begins at `at`, and where it ends; `undefined` when there is more to come. */
export function decodeSocksAddress(
  bytes: Uint8Array,
  at: number,
): { readonly endpoint: Endpoint; readonly end: number } | "bad" | undefined {
  const type = bytes[at];
  if (type === undefined) return undefined;
  if (type === 3) {
    const length = bytes[at + 1];
    if (length === undefined || bytes.length < at + 4 + length) return undefined;
    const host = String.fromCharCode(...bytes.subarray(at + 2, at + 2 + length));
    const portAt = at + 2 + length;
    return { endpoint: { host, port: (bytes[portAt]! << 8) | bytes[portAt + 1]! }, end: portAt + 2 };
  }
  if (type !== 1 && type !== 4) return "bad";
  const end = at + 1 + (type === 1 ? 6 : 18);
  if (bytes.length < end) return undefined;
  const compact = bytes.slice(at + 1, end);
  const port = (compact[compact.length - 2]! << 8) | compact[compact.length - 1]!;
  // Port 0 is no endpoint; here it stands for "I do not say".
  if (port === 0) compact[compact.length - 1] = 1;
  const [endpoint] = decodeCompactEndpoints(compact, type === 1 ? 4 : 6);
  return endpoint === undefined ? "bad" : { endpoint: { host: endpoint.host, port }, end };
}

/** What an HTTP proxy wants to hear, if it was given a name. */
export function basicAuthorization({ username, password }: ProxyUrl): string | undefined {
  if (username === "") return undefined;
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let i = 0; i < 4; i++) text += at + i > bytes.length ? "=" : BASE64[(bits >> (18 - 6 * i)) & 63]!;
  }
  return text;
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++)
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13)
      return at + 1;
  return -1;
}

function counted(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 255) throw proxyFailed("cannot be given a name of more than 255 bytes");
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** The proxy's fault. */
export function proxyFailed(what: string, cause?: unknown): TrackerError {
  return new TrackerError("TRACKER_UNREACHABLE", `the proxy ${what}`, { cause });
}
