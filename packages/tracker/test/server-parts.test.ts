import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countedHost, writeAddress } from "../src/server/address-bytes.ts";
import { EndpointIndex } from "../src/server/endpoint-index.ts";
import { ConnectionIds } from "../src/server/connection-ids.ts";
import { HttpRequestReader } from "../src/server/http-request.ts";
import { KeyedHash } from "../src/server/keyed-hash.ts";
import { RateLimiter } from "../src/server/rate-limiter.ts";
import { capacityOfClass, NO_BLOCK, RowArena } from "../src/server/row-arena.ts";
import { SwarmTable } from "../src/server/swarm-table.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe("the keyed hash", () => {
  // vectors_hsip64 of the reference implementation (veorq/SipHash, vectors.h): key 00 01 … 07, input 00 01 02 …
  it.each([
    [0, "218d1f59b9b83cc8"],
    [1, "d5e78a175be52ea1"],
  ])("is HalfSipHash-2-4 of %i words", (count, expected) => {
    const hash = new KeyedHash(0x03020100, 0x07060504);
    const out = new DataView(new ArrayBuffer(8));
    out.setUint32(0, hash.hash64([0x03020100], count), true);
    out.setUint32(4, hash.high, true);
    expect(Buffer.from(out.buffer).toString("hex")).toBe(expected);
  });

  it("depends on the key in all that it gives", () => {
    const words = [1, 2, 3, 4, 5];
    const all = Array.from({ length: 200 }, (_, key) => new KeyedHash(key, 7).hash32(words, 5));
    expect(new Set(all).size).toBe(200);
  });
});

describe("a connection id", () => {
  const address = Uint8Array.of(10, 1, 2, 3);
  const ids = new ConnectionIds(1, 2);
  const idAt = (now: number): Uint8Array => {
    const id = new Uint8Array(8);
    ids.write(address, 4, now, id, 0);
    return id;
  };

  it("is good for two minutes at least and three at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 41 }), fc.nat(400_000), (now, age) => {
        const isGood = ids.isGood(address, 4, now + age, idAt(now), 0);
        if (age <= 120_000) expect(isGood).toBe(true);
        if (age > 180_000 && age < 240_000) expect(isGood).toBe(false);
      }),
    );
  });

  it("is not good with a changed bit, for another address, or from another key", () => {
    const id = idAt(5_000_000);
    for (let bit = 0; bit < 64; bit++) {
      const changed = id.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(ids.isGood(address, 4, 5_000_000, changed, 0)).toBe(false);
    }
    expect(ids.isGood(Uint8Array.of(10, 1, 2, 4), 4, 5_000_000, id, 0)).toBe(false);
    expect(new ConnectionIds(1, 3).isGood(address, 4, 5_000_000, id, 0)).toBe(false);
  });
});

describe("the rate limiter", () => {
  it("gives a burst, then the rate, and after a silence the burst again", () => {
    const limiter = new RateLimiter(1, 2, { requestsPerSecond: 10, requestBurst: 5 });
    const address = Uint8Array.of(1, 2, 3, 4);
    const taken = (now: number): number => {
      let count = 0;
      while (count < 100 && limiter.take(address, 4, now)) count++;
      return count;
    };
    expect([taken(0), taken(100), taken(300), taken(60_000)]).toEqual([5, 1, 2, 5]);
    expect(limiter.take(Uint8Array.of(1, 2, 3, 5), 4, 60_000)).toBe(true);
  });

  it("takes a /64 of IPv6 for one", () => {
    const limiter = new RateLimiter(1, 2, { requestsPerSecond: 1, requestBurst: 1 });
    const address = (n: number, end: number): Uint8Array =>
      Uint8Array.of(32, 1, 13, 184, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, end);
    expect(limiter.take(address(1, 1), 16, 0)).toBe(true);
    expect(limiter.take(address(1, 2), 16, 0)).toBe(false);
    expect(limiter.take(address(2, 1), 16, 0)).toBe(true);
  });

  it("remembers no more than its table holds, and goes on limiting", () => {
    const limiter = new RateLimiter(1, 2, { requestsPerSecond: 0.001, requestBurst: 1 });
    const at = (n: number): Uint8Array => Uint8Array.of(10, n >> 16, n >> 8, n);
    for (let n = 0; n < 200_000; n++) limiter.take(at(n), 4, n / 10);
    expect(limiter.take(at(199_999), 4, 20_000)).toBe(false);
  });
});

describe("an address", () => {
  it.each([
    ["1.2.3.4", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:1.2.3.4", "1.2.3.4"],
    ["::ffff:102:304", "1.2.3.4"],
    ["fe80::1%eth0", "254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.1"],
    ["::1", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1"],
    ["1.2.3", ""],
    ["1.2.3.4.5", ""],
    ["1.2.3.256", ""],
    ["01.2.3.4", ""],
    ["1..3.4", ""],
    ["", ""],
    ["name", ""],
  ])("%j is %j in bytes", (host, expected) => {
    const to = new Uint8Array(18);
    expect(to.subarray(0, writeAddress(host, to)).join(".")).toBe(expected);
  });
});

describe("connections are counted", () => {
  it("by IPv4 address, also as IPv6 shows it, and by /64 of IPv6", () => {
    expect(countedHost("1.2.3.4")).toBe("1.2.3.4");
    expect(countedHost("::ffff:1.2.3.4")).not.toBe(countedHost("::ffff:1.2.3.5"));
    expect(countedHost("2001:db8:1:2::1")).toBe(countedHost("2001:db8:1:2:ffff::9"));
    expect(countedHost("2001:db8:1:2::1")).not.toBe(countedHost("2001:db8:1:3::1"));
    expect(countedHost("fe80::1%eth0")).toBe(countedHost("fe80::2"));
  });
});

describe("the reader of requests", () => {
  const whole = bytesOf("GET /announce?a=b HTTP/1.1\r\nHost: t\r\nConnection: keep-alive\r\n\r\nGET /");

  it("wants more until the head is whole, and then says where it ends", () => {
    const reader = new HttpRequestReader(1_000);
    const end = whole.length - 5;
    for (let to = 0; to < end; to++) expect(reader.read(whole, 0, to)).toBe("more");
    expect(reader.read(whole, 0, whole.length)).toBe("whole");
    expect(reader).toMatchObject({
      isGet: true,
      keepAlive: true,
      end,
      pathAt: 4,
      pathEnd: 13,
      queryAt: 14,
      queryEnd: 17,
    });
  });

  it("never says that a beginning is fine which it then refuses for its length alone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const verdict = new HttpRequestReader(256).read(bytes, 0, bytes.length);
        if (bytes.length >= 256) expect(verdict).not.toBe("more");
        expect(["more", "whole", 400, 413, 417, 431, 505]).toContain(verdict);
      }),
    );
  });
});

describe("the arena", () => {
  it("has classes that grow by a half at most", () => {
    const capacities = Array.from({ length: 30 }, (_, sizeClass) => capacityOfClass(sizeClass));
    expect(capacities.slice(0, 8)).toEqual([1, 2, 3, 4, 6, 8, 12, 16]);
    for (let i = 2; i < 30; i++) expect(capacities[i]! / capacities[i - 1]!).toBeLessThanOrEqual(1.5);
  });

  it("gives blocks that are large enough and never overlap, keeps their rows as they grow and shrink, and gives all memory back", () => {
    const ROW_WORDS = 2;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 4_000 })), { maxLength: 120 }),
        (steps) => {
          const arena = new RowArena(ROW_WORDS);
          const held: { handle: number; rows: number[] }[] = [];
          const check = (handle: number, rows: number[]): void => {
            for (const [row, word] of rows.entries()) {
              arena.locate(handle, row);
              if (arena.words[arena.at] !== word) expect.fail(`row ${row} of ${rows.length} was lost`);
            }
          };
          for (const [mark, [at, capacity]] of steps.entries()) {
            const isNew = held.length === 0 || at % 3 === 0;
            const block = isNew ? { handle: NO_BLOCK, rows: [] } : held[at % held.length]!;
            if (isNew) held.push(block);
            block.rows.length = Math.min(block.rows.length, capacity);
            block.handle = arena.resize(block.handle, capacity, block.rows.length);
            expect(arena.capacityOf(block.handle)).toBeGreaterThanOrEqual(capacity);
            for (let row = block.rows.length; row < capacity; row++) {
              arena.locate(block.handle, row);
              arena.words.fill(row * 1_000 + mark, arena.at, arena.at + ROW_WORDS);
              block.rows.push(row * 1_000 + mark);
            }
            const handles = held.map(({ handle }) => handle).filter((handle) => handle !== NO_BLOCK);
            expect(new Set(handles).size).toBe(handles.length);
          }
          for (const { handle, rows } of held) check(handle, rows);
          for (const { handle } of held) arena.resize(handle, 0, 0);
          expect(arena.byteLength).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("copies nothing when a large block grows", () => {
    const arena = new RowArena(8);
    let handle = arena.resize(NO_BLOCK, 1_025, 0);
    const firstOf = (): Uint32Array => (arena.locate(handle, 0), arena.words);
    const first = firstOf();
    for (let rows = 1_026; rows <= 60_000; rows += 37) {
      handle = arena.resize(handle, rows, rows - 1);
      expect(firstOf()).toBe(first);
      expect(arena.capacityOf(handle) - rows).toBeLessThan(1_024);
    }
  });
});

describe("the table of swarms", () => {
  it("agrees with a map after any sequence of additions and removals", () => {
    const hashOf = (n: number): Uint32Array => Uint32Array.of(n, 2, 3, 4, 5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 1_500, size: "max" }), (steps) => {
        const table = new SwarmTable(new KeyedHash(3, 4));
        const model = new Map<number, number>();
        for (const n of steps) {
          const index = table.find(hashOf(n));
          expect(index).toBe(model.get(n) ?? -1);
          if (index < 0) model.set(n, table.add(hashOf(n)));
          else {
            table.remove(index);
            model.delete(n);
          }
          expect(table.size).toBe(model.size);
        }
        for (let n = 0; n <= 300; n++) expect(table.find(hashOf(n))).toBe(model.get(n) ?? -1);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe("the index of a swarm's addresses", () => {
  /** Rows with an address each, as the swarm's owner holds them, and how many of them the index has asked for. */
  function indexed(): { hashes: number[]; index: EndpointIndex; asked: () => number } {
    const hashes: number[] = [];
    let askedCount = 0;
    const index = new EndpointIndex((row) => {
      askedCount++;
      return hashes[row]!;
    });
    return { hashes, index, asked: () => askedCount };
  }
  const scramble = (n: number): number => Math.imul(n + 1, 0x9e37_79b1) >>> 0;
  const rowsOf = (index: EndpointIndex, hashes: number[], hash: number): number[] => {
    const rows: number[] = [];
    for (let row = index.first(hash); row >= 0; row = index.after(row))
      if (hashes[row] === hash) rows.push(row);
    return rows.sort((a, b) => a - b);
  };

  it("grows and shrinks by a few rows' work a peer, at any size", () => {
    const { hashes, index, asked } = indexed();
    let most = 0;
    const counted = (work: () => void): void => {
      const before = asked();
      work();
      most = Math.max(most, asked() - before);
    };
    for (let i = 0; i < 50_000; i++) {
      hashes.push(scramble(i));
      counted(() => index.add(i));
    }
    expect(index.byteLength).toBeLessThanOrEqual(50_000 * 8.2);
    for (let i = 0; i < 50_000; i += 97) expect(rowsOf(index, hashes, scramble(i))).toEqual([i]);
    for (let i = 49_999; i >= 40; i--) {
      counted(() => index.remove(i));
      hashes.pop();
    }
    for (let i = 0; i < 40; i++) expect(rowsOf(index, hashes, scramble(i))).toEqual([i]);
    expect(most).toBeLessThan(20);
    expect(index.byteLength).toBeLessThanOrEqual(8_192);
  });

  it("agrees with a plain list after any sequence of additions, removals and exchanges", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("add", "add", "remove", "swap"), fc.nat(), fc.nat(40)), {
          maxLength: 600,
        }),
        (steps) => {
          const { hashes, index } = indexed();
          for (const [step, at, address] of steps) {
            if (step === "add") {
              hashes.push(scramble(address));
              index.add(hashes.length - 1);
            } else if (hashes.length > 0 && step === "remove") {
              index.remove(hashes.length - 1);
              hashes.pop();
            } else if (hashes.length > 1) {
              const one = at % hashes.length;
              const other = (one + 1 + (address % (hashes.length - 1))) % hashes.length;
              index.swap(one, other);
              [hashes[one], hashes[other]] = [hashes[other]!, hashes[one]!];
            }
          }
          for (let address = 0; address <= 40; address++) {
            const hash = scramble(address);
            const expected = [...hashes.keys()].filter((row) => hashes[row] === hash);
            expect(rowsOf(index, hashes, hash)).toEqual(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
