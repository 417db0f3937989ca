import { join } from "node:path";
import { ESLint } from "eslint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plantWorkspace, type PlantedWorkspace } from "./planted-workspace.ts";
import { ROOT } from "./repository.ts";

const LONG = Array.from({ length: 401 }, (_, i) => `export const line${i}: number = ${i};`).join("\n");

// [rule, file, text]: each text breaks that rule in that place.
const PLANTED: readonly (readonly [rule: string, path: string, text: string])[] = [
  ["no-restricted-globals", "packages/wire/src/buffer.ts", "export const b: unknown = Buffer.alloc(1);"],
  ["no-restricted-globals", "packages/wire/src/env.ts", "export const e: unknown = process.env;"],
  ["no-restricted-globals", "packages/wire/src/timer.ts", "export const t: unknown = setTimeout(String, 1);"],
  ["no-restricted-globals", "packages/wire/src/clock.ts", "export const p: number = performance.now();"],
  ["no-restricted-globals", "packages/storage/src/outside.ts", "export const p: number = performance.now();"],
  ["no-restricted-properties", "packages/wire/src/now.ts", "export const n: number = Date.now();"],
  ["no-restricted-properties", "packages/wire/src/dice.ts", "export const r: number = Math.random();"],
  [
    "no-restricted-properties",
    "packages/wire/src/global.ts",
    "export const g: unknown = globalThis.process;",
  ],
  ["no-restricted-syntax", "packages/wire/src/date.ts", "export const d: Date = new Date();"],
  [
    "no-restricted-syntax",
    "packages/wire/src/waits.ts",
    "export const v: unknown = await Promise.resolve(1);",
  ],
  ["no-restricted-syntax", "packages/wire/src/star.ts", 'export * from "./now.ts";'],
  [
    "no-restricted-syntax",
    "packages/wire/src/lazy.ts",
    'export const f = (): unknown => import("./now.ts");',
  ],
  [
    "no-restricted-imports",
    "packages/wire/src/disk.ts",
    'import { readFileSync } from "node:fs"; readFileSync("x");',
  ],
  ["no-restricted-exports", "packages/wire/src/default.ts", "export default 1;"],
  ["no-restricted-exports", "packages/wire/src/as-default.ts", "const one = 1; export { one as default };"],
  [
    "n/prefer-node-protocol",
    "packages/storage/src/io/bare.ts",
    'import { readFileSync } from "fs"; readFileSync("x");',
  ],
  [
    "n/no-unsupported-features/node-builtins",
    "packages/storage/src/io/young.ts",
    'import { glob } from "node:fs/promises"; export const g: unknown = glob;',
  ],
  ["max-lines", "packages/wire/src/long.ts", LONG],
  [
    "eqeqeq",
    "packages/wire/src/loose.ts",
    "export const same = (a: unknown, b: unknown): boolean => a == b;",
  ],
  [
    "@typescript-eslint/no-explicit-any",
    "packages/wire/src/any.ts",
    "export const a = (x: any): unknown => x;",
  ],
  [
    "@typescript-eslint/consistent-type-imports",
    "packages/wire/src/type.ts",
    'import { Word } from "./words.ts"; export const w: Word = "a";',
  ],
  [
    "@typescript-eslint/no-floating-promises",
    "packages/wire/src/floating.ts",
    "export async function f(): Promise<void> {} export function g(): void { f(); }",
  ],
  [
    "@typescript-eslint/await-thenable",
    "packages/wire/src/await.ts",
    "export const f = async (): Promise<void> => { await 1; };",
  ],
  [
    "@typescript-eslint/switch-exhaustiveness-check",
    "packages/wire/src/switch.ts",
    'export function f(x: "a" | "b"): void { switch (x) { case "a": } }',
  ],
];

// Texts that look alike and are right where they are.
const GOOD: Readonly<Record<string, string>> = {
  "packages/wire/src/index.ts": 'export { type Word } from "./words.ts";\n',
  "packages/wire/src/words.ts": "export type Word = string;\n",
  "packages/wire/src/time.ts":
    "export const at = (now: number): Date => new Date(now);\nexport const soon = async (v: Promise<void>): Promise<void> => {\n  await v;\n};\n",
  "packages/storage/src/io/disk.ts":
    'import { readFileSync } from "node:fs";\nexport const stamp = (): [number, unknown] => [Date.now(), readFileSync(Buffer.from("x"))];\n',
  "packages/engine/src/node/clock.ts": "export const clock = (): number => performance.now();\n",
  "apps/cli/src/bt.ts": "export const now: number = Date.now();\nawait Promise.resolve(process.argv);\n",
  "packages/wire/tsup.config.ts": "export default { entry: [] };\n",
  "packages/wire/src/just-fits.ts": `${LONG.split("\n").slice(0, 400).join("\n")}\n\n// one more line of comment\n`,
};

describe("the lint rules", () => {
  let workspace: PlantedWorkspace;
  const rulesBroken = new Map<string, string[]>();

  beforeAll(async () => {
    const planted = Object.fromEntries(PLANTED.map(([, path, text]) => [path, `${text}\n`]));
    workspace = plantWorkspace({ ...GOOD, ...planted });
    const eslint = new ESLint({ cwd: workspace.root, overrideConfigFile: join(ROOT, "eslint.config.js") });
    for (const { filePath, messages } of await eslint.lintFiles(["packages", "apps"])) {
      const path = filePath.slice(workspace.root.length + 1).replaceAll("\\", "/");
      rulesBroken.set(
        path,
        messages.map(({ ruleId, message }) => ruleId ?? message),
      );
    }
  }, 120_000);

  afterAll(() => workspace.remove());

  it.each(PLANTED)("%s stops %s", (rule, path) => {
    expect(rulesBroken.get(path)).toContain(rule);
  });

  it.each(Object.keys(GOOD))("nothing is wrong with %s", (path) => {
    expect(rulesBroken.get(path)).toEqual([]);
  });
});
