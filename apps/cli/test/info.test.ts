import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { encode } from "@bt/bencode";
import { describe, expect, it, onTestFinished } from "vitest";
import { runBt } from "./support/run-bt.ts";
import { createIn, writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

const HASH = "0123456789abcdef0123456789abcdef01234567";

/** A torrent of one file with a name and a comment that would steer a terminal. */
function hostileTorrent(): Uint8Array {
  return encode({
    info: { name: "n", length: 5, "piece length": 16_384, pieces: new Uint8Array(20) },
    comment: "a\u001b[31mb\u202ec",
  });
}

async function serve(status: number, body: Uint8Array): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.torrent`;
}

async function albumTorrent(...args: string[]): Promise<{ folder: string; place: string }> {
  const folder = tempFolder();
  writePayload(join(folder, "album"), { "a.bin": 40_000, "sub/b.bin": 10, empty: 0 });
  return { folder, place: await createIn(folder, "album", ...args) };
}

describe("info --json", () => {
  it("prints exactly the promised fields of a torrent", async () => {
    const tracker = "http://t.example/announce";
    const { folder } = await albumTorrent(
      "--tracker",
      `${tracker},udp://u.example:1`,
      "--tracker",
      "http://v.example/announce",
      "--no-date",
    );
    const { code, out, err } = await runBt(["info", "album.torrent", "--json"], { cwd: folder });
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toEqual({
      name: "album",
      version: "v1",
      infoHash: expect.stringMatching(/^[0-9a-f]{40}$/),
      infoHashV2: null,
      pieceLength: 16_384,
      pieceCount: 3,
      totalLength: 40_010,
      private: false,
      files: [
        {
          path: "album/a.bin",
          length: 40_000,
          offset: 0,
          pad: false,
          executable: false,
          hidden: false,
          symlink: null,
          piecesRoot: null,
        },
        {
          path: "album/empty",
          length: 0,
          offset: 40_000,
          pad: false,
          executable: false,
          hidden: false,
          symlink: null,
          piecesRoot: null,
        },
        {
          path: "album/sub/b.bin",
          length: 10,
          offset: 40_000,
          pad: false,
          executable: false,
          hidden: false,
          symlink: null,
          piecesRoot: null,
        },
      ],
      trackers: [[tracker, "udp://u.example:1"], ["http://v.example/announce"]],
      webSeeds: [],
      httpSeeds: [],
      nodes: [],
      comment: null,
      createdBy: expect.stringMatching(/^bt\//),
      creationDate: null,
      source: null,
      collections: [],
      similar: [],
    });
  });

  it("shows both hashes, roots and pad files of a hybrid", async () => {
    const { folder } = await albumTorrent(
      "--format",
      "hybrid",
      "--similar",
      HASH,
      "--collection",
      "c",
      "--source",
      "s",
      "--private",
    );
    const { out } = await runBt(["info", "album.torrent", "--json"], { cwd: folder });
    const info = JSON.parse(out) as { files: { path: string; pad: boolean; piecesRoot: string | null }[] };
    expect(info).toMatchObject({
      version: "hybrid",
      private: true,
      source: "s",
      collections: ["c"],
      similar: [HASH],
    });
    expect(info).toMatchObject({ infoHashV2: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
    expect(info.files.some((file) => file.pad)).toBe(true);
    expect(info.files.find((file) => file.path === "album/a.bin")?.piecesRoot).toMatch(/^[0-9a-f]{64}$/);
  });

  it("prints what a magnet holds", async () => {
    const uri = `magnet:?xt=urn:btih:${HASH}&dn=a+b&tr=http%3A%2F%2Ft.example%2Fannounce&x.pe=192.0.2.7:80&ws=http://w.example/f&so=0,2-3&xl=5`;
    const { code, out } = await runBt(["info", "--json", uri]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      infoHash: HASH,
      infoHashV2: null,
      name: "a b",
      trackers: [["http://t.example/announce"]],
      webSeeds: ["http://w.example/f"],
      peers: ["192.0.2.7:80"],
      select: [0, 2, 3],
      length: 5,
    });
  });

  it.each([
    [HASH, HASH, null],
    [HASH.toUpperCase(), HASH, null],
    ["AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH", HASH, null],
    ["ab".repeat(32), null, "ab".repeat(32)],
  ])("takes the bare info-hash %s", async (text, infoHash, infoHashV2) => {
    const { code, out } = await runBt(["info", text, "--json"], { cwd: tempFolder() });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      infoHash,
      infoHashV2,
      name: null,
      trackers: [],
      webSeeds: [],
      peers: [],
      select: null,
      length: null,
    });
  });
});

describe("info", () => {
  it("shows people name, hash, size and files", async () => {
    const { folder } = await albumTorrent();
    const { out } = await runBt(["info", "album.torrent"], { cwd: folder });
    for (const text of [
      /^Name +album$/m,
      /^Info-hash +[0-9a-f]{40}$/m,
      /^Size +39\.1 KiB \(40010 bytes\)$/m,
      /└── b\.bin {2}10 B$/m,
    ]) {
      expect(out).toMatch(text);
    }
  });

  it("reads standard input and the web as well as files", async () => {
    const { folder, place } = await albumTorrent();
    const bytes = readFileSync(place);
    const fromFile = await runBt(["info", "album.torrent", "--json"], { cwd: folder });
    expect((await runBt(["info", "-", "--json"], { stdin: bytes })).out).toBe(fromFile.out);
    expect((await runBt(["info", await serve(200, bytes), "--json"])).out).toBe(fromFile.out);
  });

  it("escapes what would steer the terminal", async () => {
    const { out } = await runBt(["info", "-"], { stdin: hostileTorrent() });
    expect(out).toContain("a\\u{1b}[31mb\\u{202e}c");
    const { out: json } = await runBt(["info", "-", "--json"], { stdin: hostileTorrent() });
    expect(json).not.toMatch(/[\u001b\u202e]/);
    expect((JSON.parse(json) as { comment: string }).comment).toBe("a\u001b[31mb\u202ec");
  });
});

describe("sources that are no good", () => {
  it.each([
    [
      "a missing file",
      ["info", "x.torrent"],
      undefined,
      3,
      /^bt: cannot read x\.torrent: there is no such file or folder; check the path\n$/,
    ],
    ["a folder", ["info", "."], undefined, 3, /^bt: cannot read \.: it is a folder; give a \.torrent file/],
    [
      "no torrent",
      ["info", "-"],
      Buffer.from("hello"),
      4,
      /^bt: standard input is not a valid torrent: .+\n$/,
    ],
    ["a web page", ["info", "-"], Buffer.from("<!doctype html>"), 4, /it is a web page\n$/],
    ["nothing on standard input", ["info", "-"], new Uint8Array(), 3, /^bt: standard input is empty/],
    ["a broken magnet", ["info", "magnet:?dn=x"], undefined, 4, /^bt: not a valid magnet link: .+\n$/],
    [
      "a magnet to be downloaded",
      [`magnet:?xt=urn:btih:${HASH}`],
      undefined,
      2,
      /^bt: cannot use a magnet link .* yet; give the \.torrent/,
    ],
    ["an info-hash to be downloaded", ["download", HASH], undefined, 2, /^bt: cannot use a magnet link/],
  ])("%s", async (_, args, stdin, code, message) => {
    const finished = await runBt(args, { cwd: tempFolder(), ...(stdin === undefined ? {} : { stdin }) });
    expect([finished.code, finished.out]).toEqual([code, ""]);
    expect(finished.err).toMatch(message);
    expect(finished.err.trimEnd()).not.toContain("\n");
  });

  it("an address on the web that answers 404 is unreadable", async () => {
    const { code, err } = await runBt(["info", await serve(404, new Uint8Array())]);
    expect(code).toBe(3);
    expect(err).toMatch(/the server answered 404 Not Found; check the address\n$/);
  });

  it("a web server that is not there is a network error", async () => {
    const { code, err } = await runBt(["info", "http://127.0.0.1:1/x.torrent"]);
    expect(code).toBe(5);
    expect(err).toMatch(/^bt: cannot get http:\/\/127\.0\.0\.1:1\/x\.torrent: .+; check the address\n$/);
  });
});

it.each([
  ["", "it is empty"],
  ["<html>", "it is a web page"],
  ["d4:infod4:name3:ab", "the end of it is missing"],
  ["root:x:0:0", "it is damaged, or none, from byte 0 on"],
  ["d4:infodee", "there is no name"],
])("says of a file that holds %j why it is no torrent", async (text, why) => {
  const { code, err } = await runBt(["info", "-"], { stdin: Buffer.from(text) });
  const message = text === "" ? /standard input is empty/ : new RegExp(`not a valid torrent: ${why}\\n$`);
  expect([code, err]).toEqual([text === "" ? 3 : 4, expect.stringMatching(message)]);
});

it("shows all that a magnet link says, and what is odd about it", async () => {
  const bare = `magnet:?xt=urn:btih:${"ab".repeat(20)}`;
  const rich = `${bare}&xs=http://x.example/t&as=http://a.example/f&dht=[::1]:5&so=0,2-4&kt=one+two&foo=b%0aar`;
  const { out, err } = await runBt(["info", rich]);
  for (const row of [
    /^Sources +http:\/\/x\.example\/t$/m,
    /^ +http:\/\/a\.example\/f$/m,
    /^DHT nodes +\[::1\]:5$/m,
    /^Files +0,2-4$/m,
    /^Keywords +one two$/m,
    /^Other +foo=b\\u\{a\}ar$/m,
  ])
    expect(out).toMatch(row);
  expect(err).toBe("");
  expect((await runBt(["info", bare])).err).toMatch(/^warning: it names no tracker and no peer/);
});
