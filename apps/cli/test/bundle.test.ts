import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type Options } from "tsup";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import config from "../tsup.config.ts";
import { writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

const HERE = join(import.meta.dirname, "..");
let packed: string;

beforeAll(async () => {
  packed = mkdtempSync(join(tmpdir(), "bt-cli-bundle-"));
  cpSync(join(HERE, "package.json"), join(packed, "package.json"));
  await build({ ...(config as Options), config: false, outDir: join(packed, "dist"), silent: true });
}, 60_000);

afterAll(() => rmSync(packed, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  options: { cwd?: string; nodeArgs?: readonly string[] } = {},
): ChildProcess {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), join(packed, "dist/bt.js"), ...args], {
    cwd: options.cwd ?? packed,
    env: { PATH: process.env["PATH"] },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

function end(child: ChildProcess): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (err += text));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdout!.once("data", () => resolve()));
}

/** A tracker that takes connections and never says a word. */
async function silentTracker(): Promise<string> {
  const server: Server = createServer((socket) => void socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
}

async function albumFolder(...args: string[]): Promise<string> {
  const cwd = tempFolder();
  writePayload(join(cwd, "album"), { "a.bin": 300_000, "b.bin": 10 });
  const { code, err } = await end(start(["create", "album", ...args], { cwd }));
  expect(code, err).toBe(0);
  return cwd;
}

describe("the bundle", () => {
  it("works alone: no package is needed beside it", async () => {
    expect(readdirSync(packed).sort()).toEqual(["dist", "package.json"]);
    expect((await end(start(["--help"]))).out).toContain("Usage: bt");
    expect((await end(start(["--version"]))).out).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+/);
    const cwd = await albumFolder("--format", "hybrid");
    expect(await end(start(["verify", "album.torrent", "."], { cwd }))).toMatchObject({ code: 0 });
    expect((await end(start(["demo", "--size", "1M"]))).err).toContain("every byte is the same");
  });

  it("is one file per command, and what they share", () => {
    const files = [
      ...COMMANDS.map(({ name }) => `${name}.js`),
      "bt.js",
      "commander.js",
      "hash-worker.js",
      "package.json",
    ];
    expect(readdirSync(join(packed, "dist")).sort()).toEqual(files.sort());
  });

  it.each([
    ["--help", ["--help"]],
    ["--version", ["--version"]],
    ["info", ["info", "album.torrent"]],
    ["magnet", ["magnet", "album.torrent"]],
  ])("%s loads neither the engine nor the network", async (_, args) => {
    const cwd = await albumFolder();
    const tell = "process.on('exit', () => process.stderr.write(process.moduleLoadList.join(' ')))";
    const nodeArgs = ["--import", `data:text/javascript,${encodeURIComponent(tell)}`];
    const { code, err } = await end(start(args, { cwd, nodeArgs }));
    expect(code).toBe(0);
    const loaded = err.split("NativeModule ");
    // The probe itself works.
    expect(loaded).toContain("fs ");
    for (const name of ["http ", "https ", "dgram ", "worker_threads ", "child_process "])
      expect(loaded).not.toContain(name);
  });
});

describe("a real process", () => {
  it("is quiet when the reader of its output goes away", async () => {
    const cwd = await albumFolder("--tracker", "http://tracker.example/announce");
    const child = start(["info", "album.torrent"], { cwd });
    child.stdout!.destroy();
    expect(await end(child)).toMatchObject({ code: 0, err: "" });
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("stops on %s although the tracker never answers, with status %i", async (signal, code) => {
    const cwd = await albumFolder("--tracker", await silentTracker());
    rmSync(join(cwd, "album"), { recursive: true });
    const child = start(["album.torrent", "--json", "--bind", "127.0.0.1"], { cwd });
    const ended = end(child);
    await firstOutput(child);
    child.kill(signal);
    expect(await ended).toMatchObject({ code, signal: null, err: "" });
  });

  it("ends at once on the second Ctrl-C", async () => {
    const cwd = await albumFolder("--tracker", await silentTracker());
    rmSync(join(cwd, "album"), { recursive: true });
    const child = start(["album.torrent", "--bind", "127.0.0.1"], { cwd });
    const ended = end(child);
    for await (const text of child.stderr!) {
      child.kill("SIGINT");
      if (String(text).includes("stopping")) break;
    }
    expect(await ended).toMatchObject({ code: 130, signal: null });
  });

  it("can be interrupted while it waits for standard input", async () => {
    const tell = "process.on('newListener', (name) => name === 'SIGTERM' && process.stderr.write('ready'))";
    const child = start(["info", "-"], {
      nodeArgs: ["--import", `data:text/javascript,${encodeURIComponent(tell)}`],
    });
    const ended = end(child);
    await new Promise<void>((resolve) => child.stderr!.once("data", () => resolve()));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, out: "", err: "ready" });
  });

  it("stops when nobody reads its events any more", async () => {
    const cwd = await albumFolder();
    const child = start(["seed", "album.torrent", "--json", "--bind", "127.0.0.1"], { cwd });
    await firstOutput(child);
    child.stdout!.destroy();
    expect(await end(child)).toMatchObject({ code: 130, err: "" });
  });

  it("has an unreadable file's status", async () => {
    writeFileSync(join(packed, "bad.torrent"), "x");
    onTestFinished(() => rmSync(join(packed, "bad.torrent")));
    expect(await end(start(["info", "bad.torrent"]))).toMatchObject({ code: 4, out: "" });
    expect(await end(start(["info", "missing.torrent"]))).toMatchObject({ code: 3, out: "" });
    expect(await end(start(["info"]))).toMatchObject({ code: 2, out: "" });
  });
});
