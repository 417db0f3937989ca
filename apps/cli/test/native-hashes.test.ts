import { formatHex } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import { sha1, sha256 } from "../src/process/native-hashes.ts";

describe("the hashes of the bundle", () => {
  it("are SHA-1 and SHA-256 (FIPS 180-4, the message abc)", () => {
    const abc = new TextEncoder().encode("abc");
    expect(formatHex(sha1(abc))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(formatHex(sha256(abc))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
