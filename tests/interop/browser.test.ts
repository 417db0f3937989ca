import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installMissing, missingOf } from "./harness/availability.ts";
import { KIBI, HOST, ROOT } from "./harness/settings.ts";
import { makeSingleFile, type Payload } from "./harness/payload.ts";
import { makeTorrent } from "./harness/make-torrent.ts";
import { openScope, type Scope } from "./harness/scope.ts";

const debian = { name: "chromium", needs: ["chromium"], packages: ["chromium"] };
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** A page's own script: it shows a torrent that is chosen, and makes one of any other file. */
const SCRIPT = `
import * as bencode from "@bt/bencode";
import * as metainfo from "@bt/metainfo";

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const describe = (torrent) =>
  [torrent.version, torrent.name, torrent.totalLength, hex(torrent.infoHash ?? torrent.infoHashV2)].join(" ");

async function create(file) {
  const pieceLength = 16384;
  const content = await file.arrayBuffer();
  const pieceHashes = new Uint8Array(Math.ceil(file.size / pieceLength) * 20);
  const blocks = new Uint8Array(Math.ceil(file.size / pieceLength) * 32);
  for (let i = 0; i * pieceLength < file.size; i++) {
    const piece = content.slice(i * pieceLength, (i + 1) * pieceLength);
    pieceHashes.set(new Uint8Array(await crypto.subtle.digest("SHA-1", piece)), i * 20);
    blocks.set(new Uint8Array(await crypto.subtle.digest("SHA-256", piece)), i * 32);
  }
  const v1 = { path: [], length: file.size };
  const v2 = { ...v1, pieceLayer: blocks, piecesRoot: metainfo.merkleRoot(blocks) };
  const { name } = file;
  return [
    metainfo.createTorrent({ name, files: [v1], pieceLength, pieceHashes }),
    metainfo.createTorrent({ name, files: [v2], pieceLength }),
    metainfo.createTorrent({ name, files: [v2], pieceLength, pieceHashes }),
  ].map((bytes) => describe(metainfo.parseTorrent(bytes)) + " " + hex(bytes));
}

document.querySelector("input").onchange = async ({ target: { files: [file] } }) => {
  const output = document.querySelector("pre");
  try {
    if (file.name.endsWith(".torrent")) {
      const torrent = metainfo.parseTorrent(new Uint8Array(await file.arrayBuffer()));
      const magnet = metainfo.parseMagnet(metainfo.toMagnet(torrent));
      const info = bencode.encode(bencode.decode(torrent.infoBytes));
      output.textContent = [describe(torrent), hex(magnet.infoHash), info.length].join("\\n");
    } else output.textContent = (await create(file)).join("\\n");
  } catch (error) {
    output.textContent = [error.name, error.code].join(" ");
  }
};
document.title = "ready";
`;

const PAGE =
  '<!doctype html><title>loading</title><input type="file"><pre></pre><script type="module" src="/page.js"></script>';

/** The packages as they are built, in one script for a browser. */
async function bundlePage(): Promise<string> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: SCRIPT, resolveDir: path.join(ROOT, "packages/metainfo") },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const ours = Object.keys(metafile.inputs).filter((input) => /packages\/(bencode|metainfo)\/./.test(input));
  expect(ours.filter((input) => !/\/dist\/[^/]+\.js$|<stdin>/.test(input))).toEqual([]);
  expect(ours.length).toBeGreaterThan(1);
  return outputFiles[0]!.text;
}

describe("bencode and metainfo in a page in Chromium", () => {
  let browser: Browser | undefined;
  let page: Page;
  let server: ReturnType<typeof createServer> | undefined;
  const complaints: string[] = [];

  beforeAll(async () => {
    installMissing([debian]);
    if (missingOf(debian.needs).length > 0) return;
    const script = await bundlePage();
    server = createServer(({ url }, response) => {
      const isScript = url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
      response.end(isScript ? script : PAGE);
    });
    await new Promise<void>((resolve) => server!.listen(0, HOST, resolve));
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
    page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`http://${HOST}:${String((server.address() as AddressInfo).port)}/`);
    await page.waitForFunction('document.title === "ready"', undefined, { timeout: 30_000 });
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  /** What the page says of a file that its user chooses. */
  async function choose(
    file: string | { name: string; mimeType: string; buffer: Buffer },
  ): Promise<string[]> {
    await page.evaluate('document.querySelector("pre").textContent = ""');
    await page.setInputFiles("input", file);
    await page.waitForFunction('document.querySelector("pre").textContent', undefined, { timeout: 30_000 });
    const said = (await page.textContent("pre"))?.split("\n") ?? [];
    expect(complaints).toEqual([]);
    return said;
  }

  const makeFile = async (scope: Scope): Promise<Payload> =>
    makeSingleFile(await scope.folder("payload"), 300 * KIBI + 7, 16 * KIBI);

  it("are there without anything of Node", async ({ skip }) => {
    if (browser === undefined) skip("chromium is not installed");
    expect(await page.evaluate("typeof process + typeof Buffer + typeof require")).toBe(
      "undefined".repeat(3),
    );
    expect(complaints).toEqual([]);
  });

  it("read a torrent that bt has made", async ({ skip }) => {
    if (browser === undefined) skip("chromium is not installed");
    const scope = openScope();
    const payload = await makeFile(scope);
    const { path: file, infoHash } = await makeTorrent(scope, payload);
    const said = await choose(file);
    expect(said.slice(0, 2)).toEqual([
      `v1 ${payload.name} ${String(payload.totalLength)} ${infoHash}`,
      infoHash,
    ]);
    expect(Number(said[2])).toBeGreaterThan(19 * 20);
  });

  it("make v1, v2 and hybrid torrents of a file, with the info-hash that bt finds", async ({ skip }) => {
    if (browser === undefined) skip("chromium is not installed");
    const scope = openScope();
    const payload = await makeFile(scope);
    const { infoHash } = await makeTorrent(scope, payload);
    const made = (await choose(path.join(payload.directory, payload.name))).map((line) => line.split(" "));
    expect(made.map(([version]) => version)).toEqual(["v1", "v2", "hybrid"]);
    expect(made[0]![3]).toBe(infoHash);
    for (const [version, name, length, hash, hex] of made) {
      expect([name, length]).toEqual([payload.name, String(payload.totalLength)]);
      const bytes = Buffer.from(hex!, "hex");
      // These torrents hold nothing but info, so the dictionary ends where "piece layers" begins or the torrent ends.
      const start = bytes.indexOf("4:info") + "4:info".length;
      const layers = bytes.indexOf("12:piece layers");
      const info = bytes.subarray(start, layers < 0 ? bytes.length - 1 : layers);
      const algorithm = version === "v2" ? "sha256" : "sha1";
      expect(hash).toBe(createHash(algorithm).update(info).digest("hex"));
    }
  });

  it("refuse what is no torrent with an error that has a code", async ({ skip }) => {
    if (browser === undefined) skip("chromium is not installed");
    const buffer = Buffer.from("d4:infoi1e");
    const said = await choose({ name: "broken.torrent", mimeType: "application/x-bittorrent", buffer });
    expect(said).toEqual(["MetainfoError METAINFO_BENCODE"]);
  });
});
