import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldName } from "../src/file-name.ts";
import { PathIndex } from "../src/path-index.ts";
import { separatePaths } from "../src/separate-paths.ts";

const SEPARATOR = "\0";

describe("separatePaths", () => {
  const name = fc.constantFrom("a", "A", "b", "é", "e\u0301", "a.1", "a.2", "B.1.x", "b.x");
  const path = fc.array(name, { minLength: 1, maxLength: 4 });

  it("leaves no two files with one path and none in the place of a directory, and changes no more than it must", () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 12 }), (paths) => {
        const separated = separatePaths(paths);
        const folded = separated.map((elements) => elements.map(foldName).join("/"));
        expect(new Set(folded).size).toBe(paths.length);
        for (const a of folded) for (const b of folded) expect(b.startsWith(`${a}/`)).toBe(false);
        const wanted = paths.map((elements) => elements.map(foldName).join("/"));
        for (const [i, elements] of paths.entries()) {
          expect(separated[i]!.slice(0, -1)).toEqual(elements.slice(0, -1));
          const isFirst = wanted.indexOf(wanted[i]!) === i;
          const isDirectory = wanted.some((other) => other.startsWith(`${wanted[i]!}/`));
          expect(separated[i] === elements).toBe(isFirst && !isDirectory);
        }
      }),
    );
  });

  it("tries a candidate once, however many names are cut to it", () => {
    // Fifty thousand names, each twice, that differ only in what a number takes the place of.
    const names = Array.from({ length: 50_000 }, (_, i) => "z".repeat(250) + String(i).padStart(5, "0"));
    const separated = separatePaths([...names, ...names].map((one) => [one]));
    expect(new Set(separated.map(([one]) => one)).size).toBe(100_000);
    expect(separated.every(([one]) => one!.length <= 255)).toBe(true);
  });
});

describe("PathIndex", () => {
  it("knows files and directories", () => {
    const paths = [["b", "c"], ["a"], ["a.x"], ["b", "c"], ["a", "d", "e"]].map((one) => one.join(SEPARATOR));
    const index = new PathIndex(paths);
    expect(["a", "b\0c", "a\0d\0e", "b", "c", "a\0d", ""].map((one) => index.find(one))).toEqual([
      1,
      0,
      4,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(["a", "a\0d", "b", "a.x", "b\0c", "z"].map((one) => index.hasDirectory(one))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(index.clashes()).toEqual([1, 3]);
  });
});
