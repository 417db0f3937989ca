import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { PURE_PACKAGES } from "../../scripts/arrows.cjs";
import { ROOT } from "./repository.ts";

/** The type errors of one source text under the build settings of a package. */
function errorsUnderBuildOf(packageName: string, text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "bt-pure-"));
  try {
    const config = join(folder, "tsconfig.json");
    const base = join(ROOT, "packages", packageName, "tsconfig.build.json");
    writeFileSync(join(folder, "planted.ts"), text);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(config, JSON.stringify({ extends: base, include: ["planted.ts"] }));
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
    const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(config, {}, host)!;
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));
    return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(PURE_PACKAGES)("the build of @bt/%s", (name) => {
  it("does not know Node, timers or a bundler's globals", () => {
    const errors = errorsUnderBuildOf(
      name,
      [
        'import { readFileSync } from "node:fs";',
        "export const a: unknown = Buffer;",
        "export const b: unknown = process;",
        "export const c: unknown = setTimeout;",
        "export const d: unknown = performance;",
        "export const e: unknown = readFileSync;",
      ].join("\n"),
    ).join("\n");
    for (const word of ["node:fs", "Buffer", "process", "setTimeout", "performance"])
      expect(errors).toContain(`'${word}'`);
  });

  it("asks for explicit types on what is exported", () => {
    expect(errorsUnderBuildOf(name, "export const f = (x: number) => x + 1;")).not.toEqual([]);
  });

  it("takes plain TypeScript", () => {
    expect(errorsUnderBuildOf(name, "export const f = (bytes: Uint8Array): number => bytes.length;")).toEqual(
      [],
    );
  });
});
