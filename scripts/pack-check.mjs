// The packages as their users get them: packs every one, looks at the tarballs with publint and attw, installs them with
// npm into an empty project (from this disk alone, no registry), loads every front door with `import` and with `require`,
// checks that both give one and the same module, type-checks a consumer, runs the README examples of the pure packages
// and the bt command. Needs a finished build. Prints one line a step; exits non-zero after the first step that fails.
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { PURE_PACKAGES } from "./arrows.cjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = join(root, "node_modules", ".bin");
const work = realpathSync(mkdtempSync(join(tmpdir(), "bt-pack-")));
const tarballs = join(work, "tarballs");
const consumer = join(work, "consumer");
const windows = process.platform === "win32";

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
const env = { ...Object.fromEntries(kept), PATH: binaries + delimiter + (process.env["PATH"] ?? "") };
const run = async (command, args, cwd) => {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd,
    env,
    shell: windows,
    maxBuffer: 1 << 26,
  });
  return stdout;
};

/** Runs `work` over `items`, two at a time: packing is mostly the start of a process, and small machines have two cores. */
async function inPairs(items, work) {
  const results = [];
  for (let i = 0; i < items.length; i += 2)
    results.push(...(await Promise.all(items.slice(i, i + 2).map(work))));
  return results;
}

async function step(name, work) {
  const startedAt = Date.now();
  try {
    const note = await work();
    console.log(
      `ok      ${name}${note ? `: ${note}` : ""}  (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`,
    );
  } catch (error) {
    console.log(`FAILED  ${name}\n${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`);
    process.exitCode = 1;
    throw error;
  }
}

const folders = ["packages", "apps"].flatMap((group) =>
  readdirSync(join(root, group)).map((name) => join(root, group, name)),
);
const packages = folders
  .map((folder) => ({ folder, manifest: readJson(join(folder, "package.json")) }))
  .filter(({ manifest }) => manifest.private !== true);
const libraries = packages.filter(({ manifest }) => manifest.exports !== undefined);
/** Doors to modules; those without types lead to programs for worker threads, and `./package.json` to neither. */
const isModule = ([door, target]) => door !== "./package.json" && target.types !== undefined;
const doors = libraries.flatMap(({ manifest }) =>
  Object.entries(manifest.exports)
    .filter(isModule)
    .map(([door]) => manifest.name + door.slice(1)),
);

/** Packs with pnpm, which writes versions where the sources say `workspace:` and leaves the live sources' doors out. */
async function pack(found) {
  const json = await run("pnpm", ["pack", "--json", "--pack-destination", tarballs], found.folder);
  found.tarball = JSON.parse(json).filename;
}

async function lintTarball({ manifest, tarball }) {
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  if (messages.length > 0)
    throw new Error(
      messages
        .map((message) => `${manifest.name}: ${formatMessage(message, pkg, { color: false })}`)
        .join("\n"),
    );
}

function checkTypes({ manifest, tarball }) {
  const modules = Object.entries(manifest.exports).filter(isModule);
  const options = ["--profile", "esm-only", "--no-definitely-typed", "--format", "ascii", "--no-emoji"];
  return run("attw", [tarball, ...options, "--entrypoints", ...modules.map(([door]) => door)], work);
}

/**
 * Packs a third-party module and all that it needs, and notes the tarballs. They come from this workspace's own
 * installation, so that nothing is fetched; a copy is packed, because npm stumbles over the links beside the original.
 */
async function packInstalled(name, nodeModules, tarballOf) {
  if (tarballOf[name] !== undefined) return;
  const installed = realpathSync(join(nodeModules, name));
  const copy = join(work, "third-party", name);
  cpSync(installed, copy, {
    recursive: true,
    filter: (path) => !path.slice(installed.length).includes("node_modules"),
  });
  const manifest = readJson(join(copy, "package.json"));
  delete manifest.devDependencies;
  delete manifest.scripts;
  writeFileSync(join(copy, "package.json"), JSON.stringify(manifest, null, 2));
  const [packed] = JSON.parse(
    await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", tarballs], copy),
  );
  tarballOf[name] = `file:${join(tarballs, packed.filename)}`;
  // What a module needs lies beside it.
  const beside = join(installed, ...name.split("/").map(() => ".."));
  for (const needed of Object.keys(manifest.dependencies ?? {}))
    await packInstalled(needed, beside, tarballOf);
}

async function install() {
  const tarballOf = Object.fromEntries(
    packages.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]),
  );
  const ours = new Set(Object.keys(tarballOf));
  for (const { folder, manifest } of packages)
    for (const name of Object.keys(manifest.dependencies ?? {}))
      await packInstalled(name, join(folder, "node_modules"), tarballOf);
  const wanted = Object.fromEntries(Object.entries(tarballOf).filter(([name]) => ours.has(name)));
  const overrides = Object.fromEntries(
    Object.entries(tarballOf).map(([name, file]) => [name, ours.has(name) ? `$${name}` : file]),
  );
  const project = { name: "consumer", private: true, type: "module", dependencies: wanted, overrides };
  mkdirSync(consumer, { recursive: true });
  writeFileSync(join(consumer, "package.json"), JSON.stringify(project, null, 2));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"], consumer);
}

async function load() {
  const program = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    for (const door of ${JSON.stringify(doors)}) {
      const imported = await import(door);
      const required = require(door);
      const names = Object.keys(imported);
      if (names.length === 0) throw new Error(door + " exports nothing");
      for (const name of names) if (required[name] !== imported[name]) throw new Error(door + ": two copies of " + name);
    }`;
  writeFileSync(join(consumer, "load.mjs"), program);
  writeFileSync(
    join(consumer, "load.cjs"),
    doors.map((door) => `require(${JSON.stringify(door)});`).join("\n"),
  );
  await run(process.execPath, ["load.mjs"], consumer);
  await run(process.execPath, ["load.cjs"], consumer);
  return `${doors.length} doors`;
}

async function typeCheck() {
  const lines = doors.map((door, i) => `import * as door${i} from ${JSON.stringify(door)};`);
  writeFileSync(
    join(consumer, "consumer.ts"),
    `${lines.join("\n")}\nexport const all: unknown = [${doors.map((_, i) => `door${i}`)}];\n`,
  );
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2023",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
  };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  await run("tsc", ["-p", "tsconfig.json"], consumer);
}

async function runExamples() {
  const pure = libraries.filter(({ folder }) =>
    PURE_PACKAGES.some((name) => folder.endsWith(join("packages", name))),
  );
  for (const { folder, manifest } of pure) {
    const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(folder, "README.md"), "utf8"))?.[1];
    if (example === undefined) throw new Error(`${manifest.name}: no example in its README`);
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const file = join(consumer, `example-${manifest.name.split("/")[1]}.mjs`);
    writeFileSync(file, ts.transpileModule(example, { compilerOptions }).outputText);
    await run(process.execPath, [file], consumer);
  }
  return `${pure.length} packages`;
}

async function runCommands() {
  const commands = packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));
  for (const command of commands)
    await run(join(consumer, "node_modules", ".bin", command), ["--help"], consumer);
  return commands.join(", ");
}

mkdirSync(tarballs);
try {
  await step("pack", () => inPairs(packages, pack).then(() => `${packages.length} packages`));
  await step("publint", () => inPairs(packages, lintTarball).then(() => ""));
  await step("attw", () => inPairs(libraries, checkTypes).then(() => ""));
  await step("install into an empty project", install);
  await step("import and require", load);
  await step("types for a consumer", typeCheck);
  await step("README examples", runExamples);
  await step("commands", runCommands);
} catch {
  process.exitCode = 1; // said above
} finally {
  rmSync(work, { recursive: true, force: true });
}
