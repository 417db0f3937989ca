import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { packagesIn, readText, repositoryFiles, ROOT, type Manifest } from "./repository.ts";

const documents = repositoryFiles().filter((path) =>
  /^[A-Z]+\.md$|^docs\/.*\.md$|^(packages|apps)\/[^/]+\/README\.md$/.test(path),
);
const manifest = JSON.parse(readText("package.json")) as Manifest;

describe.each(documents)("%s", (path) => {
  const text = readText(path);

  it("names only files that exist", () => {
    const named = [...text.matchAll(/`((?:packages|apps|docs|scripts|tests|bench)\/[\w./-]+)`/g)].map(
      (match) => match[1]!,
    );
    const exists = (file: string) =>
      existsSync(join(ROOT, file)) || existsSync(join(ROOT, dirname(path), file));
    expect(named.filter((file) => !exists(file))).toEqual([]);
  });

  it("links only to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(ROOT, normalize(join(dirname(path), link)))))).toEqual([]);
  });

  it("names only npm scripts that exist", () => {
    const scripts = [...text.matchAll(/\bnpm run ([\w:]+)/g)].map((match) => match[1]!);
    expect(scripts.filter((script) => manifest.scripts?.[script] === undefined)).toEqual([]);
  });
});

describe("the package map", () => {
  it.each(["README.md", "ARCHITECTURE.md"])("of %s has every package", (path) => {
    const text = readText(path);
    for (const { name } of packagesIn("packages")) expect(text).toContain(`@bt/${name}`);
  });

  it("draws the arrows that the package.json files have", () => {
    const drawn = [...readText("ARCHITECTURE.md").matchAll(/^ {2}([\w-]+) --> ([\w-]+)$/gm)].map(
      ([, a, b]) => `${a} → ${b}`,
    );
    const declared = packagesIn("packages").flatMap(({ name, manifest: { dependencies } }) =>
      Object.keys(dependencies ?? {})
        .filter((dependency) => dependency.startsWith("@bt/") && dependency !== "@bt/primitives")
        .map((dependency) => `${name} → ${dependency.slice("@bt/".length)}`),
    );
    expect(drawn.sort()).toEqual(declared.sort());
  });
});
