import { describe, expect, it } from "vitest";
import { readText, repositoryFiles, ROOT } from "./repository.ts";

const files = repositoryFiles();
const isText = (path: string) =>
  /\.([cm]?[jt]sx?|json|md|ya?ml|html|css|sh|toml)$|^[^.]+$|(^|\/)\.[^.]+$/.test(path);
const texts = files.filter(
  (path) => isText(path) && path !== "pnpm-lock.yaml" && !path.includes("/vectors/"),
);
const code = files.filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !path.includes("/vectors/"));
const sources = code.filter((path) => /^(packages|apps)\/[^/]+\/src\//.test(path));
const tests = code.filter((path) => /\.test\.ts$/.test(path));

/** Where `pattern` occurs, as `path:line: text`. */
function findings(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    readText(path)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

/** Lines that are neither blank nor only comment, as a reader counts them. */
function codeLineCount(path: string): number {
  const text = readText(path).replaceAll(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, "");
  return text.split("\n").filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

describe("the files of the repository", () => {
  it("are small: none above 400 lines of code, nine in ten below 300, half of the sources near 100", () => {
    const sizes = sources
      .map((path) => ({ path, lines: codeLineCount(path) }))
      .sort((a, b) => a.lines - b.lines);
    const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))]!.lines;
    expect(sizes.filter(({ lines }) => lines > 400)).toEqual([]);
    expect(at(0.9)).toBeLessThan(300);
    expect(at(0.5)).toBeLessThanOrEqual(120);
  });

  it("are named after what they hold: no drawers", () => {
    const drawers =
      /(^|\/)(utils?|helpers?|common|misc|types|lib)(\.[^/]*)?$|(^|\/)(utils?|helpers?|common|misc)\//;
    expect(files.filter((path) => drawers.test(path))).toEqual([]);
  });

  it("have names in kebab-case", () => {
    expect(sources.filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([]);
  });

  it("hold no path of the machine on which they were written", () => {
    const personal = /(^|[\s"'`(=:])\/(home|Users|root|work)\/[\w.-]/;
    const clone = ROOT.split("/").length > 2 ? [ROOT] : [];
    expect(findings(texts, personal)).toEqual([]);
    for (const path of clone) expect(texts.filter((text) => readText(text).includes(`${path}/`))).toEqual([]);
  });

  it("name no package registry and hold no access token", () => {
    expect(findings([".npmrc", "pnpm-workspace.yaml"], /registry|_auth|token/i)).toEqual([]);
    expect(findings(texts, /(^|[^\w])(registry|_authToken|_auth)\s*=\s*\S/)).toEqual([]);
    expect(findings(["pnpm-lock.yaml"], /tarball:|https?:\/\//)).toEqual([]);
  });

  it("switch a lint rule off only with a reason", () => {
    expect(
      findings(code, /eslint-disable(?!.* -- )/).filter((at) => !at.startsWith("tests/house/files")),
    ).toEqual([]);
  });
});

describe("the tests of the repository", () => {
  it("are all run: none is skipped, singled out or left for later", () => {
    const idle = /\b(it|test|describe)\.(skip|only|todo|fails)\b|\bx(it|describe)\(/;
    expect(findings(tests, idle).filter((at) => !at.startsWith("tests/house/files"))).toEqual([]);
  });

  it("do not sleep for a fixed time", () => {
    const sleep = /new Promise\(\(?(resolve|r|done)\)? => setTimeout\((resolve|r|done), [0-9_]{3,}\)/;
    expect(
      findings(
        tests.filter((path) => !path.startsWith("tests/interop/")),
        sleep,
      ),
    ).toEqual([]);
  });
});
