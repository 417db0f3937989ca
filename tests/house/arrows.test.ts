import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARROWS } from "../../scripts/arrows.cjs";
import { plantWorkspace } from "./planted-workspace.ts";
import { packagesIn, ROOT } from "./repository.ts";

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

function violationsIn(root: string): Violation[] {
  const cruiser = join(ROOT, "node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
  const rules = join(ROOT, ".dependency-cruiser.cjs");
  const folders = ["packages", "apps"];
  const run = spawnSync(process.execPath, [cruiser, "--config", rules, "-T", "json", ...folders], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!run.stdout.startsWith("{")) throw new Error(run.stderr);
  return (JSON.parse(run.stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

const LEAF = "export const word: string = 'leaf';\n";
const CLEAN = {
  "packages/primitives/src/index.ts": 'export { word } from "./word.ts";\n',
  "packages/primitives/src/word.ts": LEAF,
  "packages/bencode/src/index.ts":
    'import { word } from "@bt/primitives";\nexport const value: string = word;\n',
  "packages/wire/src/index.ts":
    'import { value } from "@bt/bencode";\nexport const message: string = value;\n',
  "packages/storage/src/index.ts": 'export { read } from "./io/read.ts";\n',
  "packages/storage/src/io/read.ts":
    'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n',
  "packages/engine/src/index.ts": 'import "@bt/wire";\nimport "@bt/storage";\nexport {};\n',
  "packages/engine/src/node/sockets.ts":
    'import { connect } from "node:net";\nexport const dial = connect;\n',
  "apps/cli/src/bt.ts": 'import "@bt/engine";\nimport "@bt/bencode";\nimport "node:process";\n',
};

// [rule, the file that breaks it, its text, what it must not import]
const PLANTED: readonly (readonly [string, string, string, string])[] = [
  ["arrows-wire", "packages/wire/src/sibling.ts", 'import "@bt/storage";', "packages/storage/src/index.ts"],
  [
    "arrows-wire",
    "packages/wire/src/type.ts",
    'import type {} from "@bt/engine";',
    "packages/engine/src/index.ts",
  ],
  [
    "arrows-primitives",
    "packages/primitives/src/up.ts",
    'import "@bt/bencode";',
    "packages/bencode/src/index.ts",
  ],
  ["arrows-storage", "packages/storage/src/up.ts", 'import "@bt/engine";', "packages/engine/src/index.ts"],
  [
    "packages-below-apps",
    "packages/engine/src/app.ts",
    'import "../../../apps/cli/src/bt.ts";',
    "apps/cli/src/bt.ts",
  ],
  [
    "front-doors",
    "packages/wire/test/deep.test.ts",
    'import "../../primitives/src/word.ts";',
    "packages/primitives/src/word.ts",
  ],
  [
    "by-name",
    "packages/wire/src/path.ts",
    'import "../../bencode/src/index.ts";',
    "packages/bencode/src/index.ts",
  ],
  [
    "resolvable",
    "packages/wire/src/deep.ts",
    'import "@bt/primitives/src/word.ts";',
    "@bt/primitives/src/word.ts",
  ],
  ["node-only-in-io", "packages/wire/src/disk.ts", 'import "node:fs";', "fs"],
  ["node-only-in-io", "packages/storage/src/disk.ts", 'import "node:fs";', "fs"],
  ["node-only-in-io", "packages/wire/src/node/disk.ts", 'import "node:fs";', "fs"],
  ["no-cycles", "packages/wire/src/egg.ts", 'import "./hen.ts";', "packages/wire/src/hen.ts"],
  ["no-drawers", "packages/wire/src/drawer.ts", 'import "./utils.ts";', "packages/wire/src/utils.ts"],
  ["no-orphans", "packages/wire/src/forgotten.ts", "export {};", "packages/wire/src/forgotten.ts"],
  [
    "third-party-wire",
    "packages/wire/src/borrowed.ts",
    'import "left-pad";',
    "packages/wire/node_modules/left-pad/index.js",
  ],
];

describe("the arrows between packages", () => {
  const workspaces: ReturnType<typeof plantWorkspace>[] = [];
  let planted: Violation[] = [];

  beforeAll(() => {
    const files: Record<string, string> = { ...CLEAN };
    for (const [, path, text] of PLANTED) files[path] = `${text}\n`;
    files["packages/wire/src/utils.ts"] = LEAF;
    files["packages/wire/src/hen.ts"] = 'import "./egg.ts";\n'; // a circle is reported once, at the egg
    files["packages/wire/node_modules/left-pad/package.json"] = '{ "name": "left-pad", "main": "index.js" }';
    files["packages/wire/node_modules/left-pad/index.js"] = "";
    workspaces.push(plantWorkspace(files));
    planted = violationsIn(workspaces[0]!.root);
  });

  afterAll(() => workspaces.forEach((workspace) => workspace.remove()));

  it("let a workspace pass that keeps them", () => {
    const clean = plantWorkspace(CLEAN);
    workspaces.push(clean);
    expect(violationsIn(clean.root)).toEqual([]);
  });

  it.each(PLANTED)("%s stops %s", (rule, from, _text, to) => {
    expect(planted.map((found) => [found.rule.name, found.from, found.to])).toContainEqual([rule, from, to]);
  });

  it("have an entry for every package and lead to no circle", () => {
    for (const { name } of packagesIn("packages")) expect(Object.keys(ARROWS)).toContain(name);
    const visit = (name: string, path: readonly string[]): void => {
      expect(path, `${[...path, name].join(" → ")}`).not.toContain(name);
      for (const next of ARROWS[name] ?? []) visit(next, [...path, name]);
    };
    for (const name of Object.keys(ARROWS)) visit(name, []);
  });
});
