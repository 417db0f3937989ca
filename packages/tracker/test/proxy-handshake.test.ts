import { ProxyHandshake, TrackerError, type ProxyUrl } from "@bt/tracker";
import { concatBytes } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const SOCKS: ProxyUrl = { scheme: "socks5", host: "p", port: 1, username: "", password: "" };
const LOCKED: ProxyUrl = { ...SOCKS, username: "me", password: "pässword" };
const HTTP: ProxyUrl = { ...LOCKED, scheme: "http" };
const TARGET = { host: "tracker.example", port: 6_969 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** Says all that the proxy says in pieces, and gives all that is answered. */
function talk(handshake: ProxyHandshake, words: Uint8Array, size: number): Uint8Array {
  const said = [handshake.start()];
  let at = 0;
  for (; at < words.length && !handshake.isDone; at += size)
    said.push(handshake.push(words.subarray(at, at + size)));
  handshake.rest = concatBytes(handshake.rest, words.subarray(Math.min(at, words.length)));
  return concatBytes(...said);
}

describe("a handshake with a proxy", () => {
  it("is the same however the proxy's words are cut, and what follows is left", () => {
    const words = Uint8Array.of(5, 2, 1, 0, 5, 0, 0, 3, 1, 0x78, 9, 9, 0x48, 0x49);
    for (let size = 1; size <= words.length; size++) {
      const handshake = new ProxyHandshake(LOCKED, TARGET);
      const said = talk(handshake, words, size);
      expect([...said.subarray(0, 3)]).toEqual([5, 1, 2]);
      expect(text(said)).toMatch(/\x02me\x09pässword\x05\x01\x00\x03\x0ftracker\.example\x1b9$/u);
      expect(handshake.isDone).toBe(true);
      expect(text(handshake.rest)).toBe("HI");
    }
  });

  it.each([
    ["192.0.2.7", [1, 192, 0, 2, 7, 0x1b, 0x39]],
    ["2001:db8::1", [4, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1b, 0x39]],
  ])("names %s as an address", (host, encoded) => {
    const handshake = new ProxyHandshake(SOCKS, { host, port: 6_969 });
    handshake.start();
    expect([...handshake.push(Uint8Array.of(5, 0))]).toEqual([5, 1, 0, ...encoded]);
  });

  it("asks for datagrams, and hears where they go", () => {
    const handshake = new ProxyHandshake(SOCKS, TARGET, "associate");
    handshake.start();
    expect([...handshake.push(Uint8Array.of(5, 0))]).toEqual([5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
    handshake.push(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0x1b, 0x39));
    expect(handshake.bound).toEqual({ host: "0.0.0.0", port: 6_969 });
    expect(() => new ProxyHandshake(HTTP, TARGET, "associate")).toThrow(RangeError);
  });

  it("asks an HTTP proxy for a tunnel", () => {
    const handshake = new ProxyHandshake(HTTP, { host: "2001:db8::1", port: 443 });
    const said = text(talk(handshake, Buffer.from("HTTP/1.1 200 OK\r\nX: y\r\n\r\nHI"), 3));
    expect(said.split("\r\n").slice(0, 2)).toEqual([
      "CONNECT [2001:db8::1]:443 HTTP/1.1",
      "Host: [2001:db8::1]:443",
    ]);
    const [, token = ""] = /Basic (\S+)/.exec(said) ?? [];
    expect(Buffer.from(token, "base64").toString()).toBe("me:pässword");
    expect(text(handshake.rest)).toBe("HI");
  });

  it("takes any bytes for an answer, and ends well or with one error", () => {
    const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 40 }),
        fc.constantFrom(SOCKS, LOCKED, HTTP),
        fc.integer({ min: 1, max: 9 }),
        (words, proxy, size) => {
          const handshake = new ProxyHandshake(proxy, TARGET);
          try {
            talk(handshake, Uint8Array.from(words), size);
          } catch (error) {
            expect(error).toMatchObject({ code: "TRACKER_UNREACHABLE" });
            expect(error).toBeInstanceOf(TrackerError);
          }
        },
      ),
    );
  });

  it.each([
    ["another version", [4, 0], /does not speak SOCKS 5/],
    ["another version in its second answer", [5, 0, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0], /does not speak SOCKS 5/],
    ["a refusal", [5, 0, 5, 2], /SOCKS reply 2/],
    ["an address of no known kind", [5, 0, 5, 0, 0, 2, 0], /does not speak SOCKS 5/],
    ["a wish for a password", [5, 2], /wants a password/],
  ])("ends at %s", (_, words, message) => {
    const handshake = new ProxyHandshake(SOCKS, TARGET);
    handshake.start();
    expect(() => handshake.push(Uint8Array.from(words))).toThrow(message);
  });

  it("does not listen to an answer without end", () => {
    const handshake = new ProxyHandshake(HTTP, TARGET);
    handshake.start();
    const part = new Uint8Array(1_000).fill(0x78);
    expect(() => {
      for (let i = 0; i < 20; i++) handshake.push(part);
    }).toThrow(/talks too much/);
  });
});
