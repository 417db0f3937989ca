// The way from a fresh clone to a running program, with nothing but Node and npm: installs with the pinned pnpm,
// builds, and then runs what was asked for. No dependencies. Steps that nothing has changed for are skipped, so a
// second run costs a few milliseconds. All of its own words go to standard error: standard output belongs to the program.
//
//   node scripts/bootstrap.mjs                       install and build
//   node scripts/bootstrap.mjs --run FILE [args…]    … then run FILE in Node; without arguments: `demo`
//   node scripts/bootstrap.mjs --script NAME [args…] … then run a script of the root package.json
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_FLOOR = [20, 19];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = join(root, "node_modules", ".bin");
const stamps = join(root, "node_modules", ".bt");
const windows = process.platform === "win32";
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const say = (text) => process.stderr.write(`bt: ${text}\n`);
const fail = (text) => {
  say(text);
  process.exit(1);
};

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1])) return;
  fail(`this needs Node ${NODE_FLOOR.join(".")} or newer, and this is Node ${process.versions.node}.`);
}

/** The environment for pnpm, turbo and scripts: no npm settings of the outer `npm` call, no telemetry, tools on PATH. */
function toolEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const environment = Object.fromEntries(kept);
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  environment[pathName] = binaries + delimiter + (environment[pathName] ?? "");
  return { ...environment, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", DO_NOT_TRACK: "1" };
}

/** The package folders: every child of packages/ and apps/ that has a package.json. */
function packageFolders() {
  return ["packages", "apps"]
    .flatMap((group) =>
      existsSync(join(root, group)) ? readdirSync(join(root, group)).map((name) => join(group, name)) : [],
    )
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

function installKey() {
  const files = [
    "package.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ...packageFolders().map((f) => join(f, "package.json")),
  ];
  const hash = createHash("sha256").update(process.version);
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Names, sizes and times of everything that a build reads: cheaper than the bytes, and good enough to ask turbo. */
function buildKey() {
  const hash = createHash("sha256").update(readStamp("install"));
  const visit = (path) => {
    const stat = statSync(join(root, path));
    if (stat.isDirectory()) for (const name of readdirSync(join(root, path)).sort()) visit(join(path, name));
    else hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  visit("tsconfig.base.json");
  for (const folder of packageFolders())
    for (const name of ["src", "package.json", "tsconfig.json", "tsconfig.build.json", "tsup.config.ts"])
      if (existsSync(join(root, folder, name))) visit(join(folder, name));
  return hash.digest("hex");
}

const readStamp = (name) => (existsSync(join(stamps, name)) ? readFileSync(join(stamps, name), "utf8") : "");
const writeStamp = (name, key) => {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), key);
};

/** Runs a tool to its end with its output on standard error. */
function runTool(command, args) {
  const stdio = ["ignore", process.stderr, process.stderr];
  const done = spawnSync(command, args, { cwd: root, env: toolEnvironment(), stdio, shell: windows });
  if (done.signal) process.exit(128 + constants.signals[done.signal]);
  return done.status === 0;
}

const pinnedPnpm = /^pnpm@[0-9.]+/.exec(manifest.packageManager)[0];

/** The pinned pnpm if that very version is on PATH, else npx fetches it; any other version could write another lockfile. */
function pnpmCommand() {
  const found = spawnSync("pnpm", ["--version"], {
    cwd: root,
    env: toolEnvironment(),
    shell: windows,
    encoding: "utf8",
  });
  const isPinned = found.status === 0 && `pnpm@${found.stdout.trim()}` === pinnedPnpm;
  return isPinned ? ["pnpm"] : ["npx", "--yes", pinnedPnpm];
}

function install() {
  const key = installKey();
  const isThere = packageFolders().every((folder) => existsSync(join(root, folder, "node_modules")));
  if (readStamp("install") === key && isThere) return;
  say("installing dependencies …");
  rmSync(join(stamps, "install"), { force: true });
  const [command, ...first] = pnpmCommand();
  if (!runTool(command, [...first, "install", "--frozen-lockfile", "--prefer-offline"]))
    fail(`the installation failed. After a change of a package.json: npx --yes ${pinnedPnpm} install`);
  writeStamp("install", key);
}

function build() {
  const key = buildKey();
  if (
    readStamp("build") === key &&
    packageFolders().every((folder) => existsSync(join(root, folder, "dist")))
  )
    return;
  say("building …");
  const args = ["run", "build", "--concurrency=2", "--output-logs=errors-only", "--ui=stream"];
  if (!runTool(join(binaries, "turbo"), args)) fail("the build failed; its messages are above.");
  writeStamp("build", key);
}

/** Runs the program in this very process: streams, signals and exit status are its own, with nothing to pass on. */
async function runProgram(file, args) {
  process.argv = [process.execPath, file, ...args];
  // npm runs scripts in the repository's folder; paths in the arguments are meant from where the user stands.
  process.chdir(process.env["INIT_CWD"] ?? process.cwd());
  await import(pathToFileURL(file).href);
}

function runScript(line) {
  const child = spawn(line, { cwd: root, env: toolEnvironment(), stdio: "inherit", shell: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

checkNode();
const [mode, target, ...rest] = process.argv.slice(2);
install();
build();
if (mode === "--run" && target !== undefined) {
  await runProgram(join(root, target), rest.length > 0 ? rest : ["demo"]);
} else if (mode === "--script" && manifest.scripts[target] !== undefined) {
  runScript([manifest.scripts[target], ...rest.map((argument) => JSON.stringify(argument))].join(" "));
} else if (mode !== undefined) {
  fail("usage: bootstrap.mjs [--run FILE [args…] | --script NAME [args…]]");
}
