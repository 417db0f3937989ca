import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanPath, sanitizeName } from "@bt/metainfo";
import { bytes } from "./build.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const clean = (text: string, platform?: "posix"): string | undefined => sanitizeName(utf8(text), platform);

describe("sanitizeName", () => {
  it("leaves ordinary names alone, in every script", () => {
    for (const name of [
      "a.txt",
      ".hidden",
      "a...b",
      "日本語.mkv",
      "Ünïcödé (2020) [x]",
      "e\u0301",
      "🎬.mp4",
      " lead",
      "-rf",
      "~",
    ])
      expect(clean(name)).toBe(name);
  });

  it("leaves no name that leads elsewhere", () => {
    for (const name of ["", ".", "..", "...", ". .", ".. ", "\u200b..", ".\u2060.", "\ufeff", "   "])
      expect(clean(name), JSON.stringify(name)).toBeUndefined();
    expect(clean("/etc/passwd")).toBe("_etc_passwd");
    expect(clean("..\\..\\x")).toBe(".._.._x");
    expect(clean("C:")).toBe("C_");
    expect(clean("\\\\server\\share")).toBe("__server_share");
    expect(clean("a\0b")).toBe("a_b");
    expect(clean("file.txt:stream")).toBe("file.txt_stream");
  });

  it("hides nothing: no control characters, no turned or invisible text", () => {
    expect(clean("\x1b[31mred\x07\r\n\x7f\x9f")).toBe("_[31mred_____");
    expect(clean("photo\u202egpj.exe")).toBe("photogpj.exe");
    expect(clean("a\u2066b\u061cc\u200fd")).toBe("abcd");
  });

  it("avoids what Windows reserves, unless only POSIX matters", () => {
    for (const name of ["con", "NUL.txt", "com1", "LPT9.tar.gz", "aux ", "COM\u00b9", "conin$"])
      expect(clean(name)).toBe(`_${name.trim()}`);
    for (const name of ["console", "com", "com10", "nulls", "a.con"]) expect(clean(name)).toBe(name);
    expect(clean("trailing. .")).toBe("trailing");
    expect(clean('<>:"|?*')).toBe("_______");
    for (const name of ["con", "a:b", "what?", "dots...", "space "]) expect(clean(name, "posix")).toBe(name);
    expect(clean("..", "posix")).toBeUndefined();
    expect(clean("/", "posix")).toBe("_");
  });

  it("reads what is not UTF-8 as underscores", () => {
    expect(sanitizeName(bytes("caf\xe9.txt"))).toBe("caf_.txt");
    expect(sanitizeName(bytes("\xc0\xae\xc0\xae"))).toBe("____");
    expect(clean("kept \ufffd")).toBe("kept \ufffd");
  });

  it("cuts at 255 bytes, between code points, before the extension", () => {
    expect(clean("a".repeat(300))).toBe("a".repeat(255));
    expect(clean(`${"a".repeat(300)}.mkv`)).toBe(`${"a".repeat(251)}.mkv`);
    expect(clean("é".repeat(200))).toBe("é".repeat(127));
    expect(clean(`${"🎬".repeat(100)}.mp4`)).toBe(`${"🎬".repeat(62)}.mp4`);
    expect(clean(`${"x".repeat(254)}. ${"y".repeat(50)}`)).toBe("x".repeat(254));
    const huge = sanitizeName(utf8(`${"é".repeat(5_000_000)}.mp4`))!;
    expect(huge).toBe(`${"é".repeat(125)}.mp4`);
  });

  it("gives for any bytes a safe name or none, and cleans a clean name no further", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 600 }),
          fc.string({ unit: "binary", maxLength: 400 }).map(utf8),
          fc.stringMatching(/^[./\\: \u200bcon1]{0,20}$/).map(utf8),
        ),
        fc.constantFrom("portable" as const, "posix" as const),
        (source, platform) => {
          const name = sanitizeName(source, platform);
          if (name === undefined) return;
          expect(utf8(name).length).toBeLessThanOrEqual(255);

          expect(name).toMatch(
            /^(?!\.\.?$)[^/\\\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+$/,
          );
          expect(sanitizeName(utf8(name), platform)).toBe(name);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("cleanPath", () => {
  it("skips empty elements and dots, and never climbs", () => {
    const path = (...elements: string[]): string[] => cleanPath(elements.map(utf8));
    expect(path("a", ".", "", "b")).toEqual(["a", "b"]);
    expect(path("a", "..", "b")).toEqual(["a", "_", "b"]);
    expect(path("..", "..", "etc", "passwd")).toEqual(["_", "_", "etc", "passwd"]);
    expect(path("")).toEqual(["_"]);
    expect(path()).toEqual(["_"]);
  });
});
