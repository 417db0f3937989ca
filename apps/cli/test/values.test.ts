import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../src/failure.ts";
import { parseBindAddress, parseHostAndPort } from "../src/values/address.ts";
import { parseDuration } from "../src/values/duration.ts";
import { parseHexHash } from "../src/values/hash.ts";
import { parseLength, parseRate } from "../src/values/length.ts";
import { parsePort, parseRatio } from "../src/values/number.ts";
import { parseTrackerTier, parseWebUrl } from "../src/values/tracker-tier.ts";

describe("sizes", () => {
  it.each([
    ["0", 0],
    ["300", 300],
    ["64K", 65_536],
    ["64k", 65_536],
    ["64KB", 65_536],
    ["64KiB", 65_536],
    ["1.5M", 1_572_864],
    ["2 GiB", 2_147_483_648],
    ["1T", 1_099_511_627_776],
  ])("%s is %i bytes", (text, length) => {
    expect(parseLength(text)).toBe(length);
  });

  it.each(["", "M", "-1", "1e3", "1.M", "1 M B", "0x10", "1P", "9999999T", "NaN"])(
    "%j is no size",
    (text) => {
      expect(() => parseLength(text)).toThrow(Failure);
    },
  );

  it("counts every suffix in steps of 1024", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom("", "K", "M", "G"), (amount, suffix) => {
        expect(parseLength(`${amount}${suffix}`)).toBe(amount * 1024 ** ["", "K", "M", "G"].indexOf(suffix));
      }),
    );
  });
});

describe("rates", () => {
  it("may end in /s, and 0 means no limit", () => {
    expect(parseRate("2M")).toBe(2_097_152);
    expect(parseRate("2MiB/s")).toBe(2_097_152);
    expect(parseRate("0")).toBe(Infinity);
  });

  it("names rates, not sizes, in its complaint", () => {
    expect(() => parseRate("fast")).toThrow(/"fast" is not a rate/);
  });
});

describe("times", () => {
  it.each([
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["90", 90_000],
  ])("%s is %i ms", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each(["", "0", "0s", "-5s", "5 s", "5x", "s", "1h30", "100d"])("%j is no time", (text) => {
    expect(() => parseDuration(text)).toThrow(Failure);
  });
});

describe("numbers", () => {
  it("takes ports from 0 to 65535", () => {
    expect(parsePort("0")).toBe(0);
    expect(parsePort("65535")).toBe(65_535);
    for (const text of ["65536", "-1", "", "80.0", "http"])
      expect(() => parsePort(text)).toThrow(/is not a port/);
  });

  it("takes ratios above 0", () => {
    expect(parseRatio("1.5")).toBe(1.5);
    for (const text of ["0", "-1", "", "1,5", "Infinity"])
      expect(() => parseRatio(text)).toThrow(/is not a ratio/);
  });

  it("takes info-hashes of both lengths", () => {
    expect(parseHexHash("ab".repeat(20))).toHaveLength(20);
    expect(parseHexHash("AB".repeat(32))).toHaveLength(32);
    for (const text of ["ab", "zz".repeat(20)]) expect(() => parseHexHash(text)).toThrow(Failure);
  });
});

describe("addresses", () => {
  it.each([
    ["192.0.2.7:6881", "192.0.2.7", 6881],
    ["[2001:db8::7]:1", "2001:db8::7", 1],
    ["localhost:80", "localhost", 80],
    ["peer-1.example.:65535", "peer-1.example.", 65_535],
  ])("%s is a peer", (text, host, port) => {
    expect(parseHostAndPort(text)).toEqual({ host, port });
  });

  it.each([
    "",
    "host",
    "host:",
    ":1",
    "host:0",
    "host:65536",
    "1.2.3:4",
    "1.2.3.999:4",
    "2001:db8::7:1",
    "a b:1",
    "http://x:1",
  ])("%j is no peer", (text) => {
    expect(() => parseHostAndPort(text)).toThrow(/is not a peer/);
  });

  it("listens on numeric addresses only", () => {
    expect(parseBindAddress("127.0.0.1")).toBe("127.0.0.1");
    expect(parseBindAddress("[::1]")).toBe("::1");
    expect(parseBindAddress("localhost")).toBe("127.0.0.1");
    for (const text of ["eth0", "1.2.3", ""])
      expect(() => parseBindAddress(text)).toThrow(/is not an address/);
  });
});

describe("URLs", () => {
  it("divides a tier at commas between URLs, not within one", () => {
    expect(parseTrackerTier("http://a.example/announce,udp://b.example:80")).toEqual([
      "http://a.example/announce",
      "udp://b.example:80",
    ]);
    expect(parseTrackerTier("http://a.example/announce?x=1,2")).toEqual(["http://a.example/announce?x=1,2"]);
  });

  it.each([
    "",
    "a.example",
    "ftp://a.example/",
    "http://",
    "file:///etc/passwd",
    "http://a.example/,nonsense://b",
  ])("%j is no tracker", (text) => {
    expect(() => parseTrackerTier(text)).toThrow(/is not a tracker/);
  });

  it("takes http and https as web addresses", () => {
    expect(parseWebUrl("https://a.example/x")).toBe("https://a.example/x");
    expect(() => parseWebUrl("udp://a.example/x")).toThrow(/is not a web address/);
  });
});
