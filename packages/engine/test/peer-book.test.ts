import { describe, expect, it } from "vitest";
import { MAXIMUM_KNOWN_PEERS, PeerBook } from "../src/core/peer-book.ts";

const endpoint = (n: number, host = "10.0.0.1"): { host: string; port: number } => ({ host, port: n });

describe("PeerBook", () => {
  it("dials each endpoint once at a time and again after a pause", () => {
    const book = new PeerBook();
    book.note(endpoint(1), "tracker", true);
    book.note(endpoint(1), "tracker", true);
    expect(book.size).toBe(1);
    const record = book.next(0, false)!;
    book.dialling(record, 0);
    expect(book.next(0, false)).toBeUndefined();
    book.disconnected(record, false, 0);
    expect(book.next(14_999, false)).toBeUndefined();
    expect(book.nextDialAt(false)).toBe(15_000);
    expect(book.next(15_000, false)).toBe(record);
  });

  it("does not dial where a connection only came from", () => {
    const book = new PeerBook();
    const record = book.note(endpoint(50_000), "incoming", false)!;
    book.connected(record);
    book.disconnected(record, true, 0);
    expect(book.nextDialAt(false)).toBe(Infinity);
  });

  it("never lets a banned peer back, under whatever name", () => {
    const book = new PeerBook();
    book.ban(book.note(endpoint(1, "10.9.9.9"), "tracker", true)!);
    expect(book.note(endpoint(1, "10.9.9.9"), "user", true)).toBeUndefined();
    expect(book.note(endpoint(2, "10.9.9.9"), "tracker", true)).toBeUndefined();
    expect(book.note(endpoint(2, "10.9.9.8"), "tracker", true)).toBeDefined();
    // On loopback an address is shared by many.
    book.ban(book.note(endpoint(1, "127.0.0.1"), "tracker", true)!);
    expect(book.note(endpoint(2, "127.0.0.1"), "tracker", true)).toBeDefined();
  });

  it("gives up on who never answers until a source names it again", () => {
    const book = new PeerBook();
    const record = book.note(endpoint(1), "tracker", true)!;
    for (let i = 0; i < 5; i++) {
      book.dialling(record, i);
      book.disconnected(record, false, i);
    }
    expect(book.nextDialAt(false)).toBe(Infinity);
    book.note(endpoint(1), "tracker", true);
    expect(book.nextDialAt(false)).toBeLessThan(Infinity);
  });

  it("leaves seeds alone when it seeds", () => {
    const book = new PeerBook();
    const record = book.note(endpoint(1), "tracker", true)!;
    record.isSeed = true;
    expect(book.next(0, true)).toBeUndefined();
    expect(book.next(0, false)).toBe(record);
  });

  it("does not let a stranger send us to every port of an address, or to where nobody can be", () => {
    const book = new PeerBook();
    for (let port = 1; port < 1_000; port++) book.note(endpoint(port, "10.7.7.7"), "tracker", true);
    expect(book.size).toBe(8);
    for (const host of ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fe80::1"])
      expect(book.note(endpoint(1, host), "tracker", true)).toBeUndefined();
    expect(book.note(endpoint(1, "2001:db8::1"), "tracker", true)).toBeDefined();
  });

  it("is bounded", () => {
    const book = new PeerBook();
    for (let i = 0; i < MAXIMUM_KNOWN_PEERS + 500; i++)
      book.note({ host: `10.1.${i >> 8}.${i & 255}`, port: 1 }, "tracker", true);
    expect(book.size).toBe(MAXIMUM_KNOWN_PEERS);
  });
});
