import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BencodeDictionary, decode, encode } from "@bt/bencode";
import { parseTorrent } from "@bt/metainfo";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeTiers } from "../src/edit/change-urls.ts";
import { runBt } from "./support/run-bt.ts";
import { tempFolder } from "./support/temp-folder.ts";

const A = "http://a.example/announce";
const B = "udp://b.example:6969";
const C = "http://c.example/announce";
const SEED = "http://w.example/";

/** A torrent whose info dictionary is not canonical, so that only a copy of its bytes keeps the info-hash. */
function torrentBytes(): Uint8Array {
  const info = `d6:pieces20:${"h".repeat(20)}12:piece lengthi16384e4:name1:n6:lengthi5ee`;
  return Buffer.from(
    `d8:announce${A.length}:${A}7:comment3:old7:unknown3:key4:info${info}8:url-listl${SEED.length}:${SEED}ee`,
  );
}

function folderWithTorrent(bytes: Uint8Array = torrentBytes()): { cwd: string; place: string } {
  const cwd = tempFolder();
  const place = join(cwd, "n.torrent");
  writeFileSync(place, bytes);
  return { cwd, place };
}

/** What the torrent is after `bt edit` with these arguments. */
async function edited(...args: string[]) {
  const { cwd, place } = folderWithTorrent();
  const { code, err } = await runBt(["edit", "n.torrent", ...args], { cwd });
  expect([code, err]).toEqual([0, expect.stringMatching(/n\.torrent: \d trackers?, \d web seeds?\n$/)]);
  return parseTorrent(readFileSync(place));
}

describe("edit", () => {
  it.each([
    [
      ["--tracker", `${B},${C}`, "--tracker", A],
      [[B, C], [A]],
    ],
    [
      ["--add-tracker", B, "--add-tracker", C],
      [[A], [B], [C]],
    ],
    [
      ["--add-tracker", `${A},${B}`],
      [[A], [B]],
    ],
    [["--remove-tracker", A, "--add-tracker", `${B},${C}`], [[B, C]]],
    [["--remove-tracker", A], []],
    [["--no-trackers"], []],
    [["--no-trackers", "--add-tracker", C], [[C]]],
    [["--comment", "x"], [[A]]],
  ])("%j leaves the trackers %j", async (args, trackers) => {
    expect((await edited(...args)).trackers).toEqual(trackers);
  });

  it.each([
    [
      ["--web-seed", "https://x.example/", "--web-seed", "https://y.example/"],
      ["https://x.example/", "https://y.example/"],
    ],
    [
      ["--add-web-seed", "https://x.example/"],
      [SEED, "https://x.example/"],
    ],
    [["--remove-web-seed", SEED], []],
    [["--no-web-seeds"], []],
    [["--no-trackers"], [SEED]],
  ])("%j leaves the web seeds %j", async (args, webSeeds) => {
    expect((await edited(...args)).webSeeds).toEqual(webSeeds);
  });

  it("loses none of very many trackers and web seeds", async () => {
    const urls = Array.from({ length: 1_500 }, (_, index) => `http://w.example/${index}`);
    const info = { name: "n", length: 5, "piece length": 16_384, pieces: new Uint8Array(20) };
    const bytes = encode({ info, "announce-list": urls.map((url) => [url]), "url-list": urls });
    const args = ["edit", "-", "-o", "-", "--add-tracker", A, "--add-web-seed", SEED];
    const { io } = await runBt(args, { stdin: bytes });
    const after = parseTorrent(io.stdout.bytes, { maxUrlCount: 2_000 });
    expect(after.trackers.flat()).toEqual([...urls, A]);
    expect(after.webSeeds).toEqual([...urls, SEED]);
  });

  it("replaces the comment or takes it out", async () => {
    expect((await edited("--comment", "new")).comment).toBe("new");
    expect((await edited("--no-comment")).comment).toBeUndefined();
    expect((await edited("--no-trackers")).comment).toBe("old");
  });

  it("keeps the info dictionary byte for byte, and keys that it does not know", async () => {
    const { cwd, place } = folderWithTorrent();
    const before = parseTorrent(readFileSync(place));
    await runBt(["edit", "n.torrent", "--tracker", `${A},${B}`, "--no-comment", "--no-web-seeds"], { cwd });
    const bytes = readFileSync(place);
    const after = parseTorrent(bytes);
    expect(after.infoHash).toEqual(before.infoHash);
    expect(Buffer.compare(after.infoBytes, before.infoBytes)).toBe(0);
    const torrent = decode(bytes, { tolerant: true }) as BencodeDictionary;
    expect([...torrent.keys()]).toEqual(["announce", "announce-list", "info", "unknown"]);
  });

  it.each(["v1", "v2", "hybrid"])("keeps the info-hashes of a %s torrent", async (format) => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, "album"));
    writeFileSync(join(cwd, "album/a.bin"), new Uint8Array(50_000));
    writeFileSync(join(cwd, "album/b.bin"), new Uint8Array(7).fill(1));
    await runBt(["create", "album", "--format", format, "--piece-length", "16K"], { cwd });
    const before = parseTorrent(readFileSync(join(cwd, "album.torrent")));
    const { code } = await runBt(["edit", "album.torrent", "--tracker", A], { cwd });
    const after = parseTorrent(readFileSync(join(cwd, "album.torrent")));
    expect([code, after.trackers]).toEqual([0, [[A]]]);
    expect([after.infoHash, after.infoHashV2]).toEqual([before.infoHash, before.infoHashV2]);
    expect(after.hasPieceLayers).toBe(true);
  });

  it("replaces the file in one step, with the permissions that it had, and leaves nothing beside it", async () => {
    const { cwd, place } = folderWithTorrent();
    chmodSync(place, 0o600);
    const { ino } = statSync(place);
    await runBt(["edit", "n.torrent", "--comment", "x"], { cwd });
    expect(statSync(place).ino).not.toBe(ino);
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd)).toEqual(["n.torrent"]);
  });

  it("replaces the file behind a link, not the link", async () => {
    const { cwd, place } = folderWithTorrent();
    symlinkSync("n.torrent", join(cwd, "link"));
    expect((await runBt(["edit", "link", "--comment", "x"], { cwd })).code).toBe(0);
    expect(lstatSync(join(cwd, "link")).isSymbolicLink()).toBe(true);
    expect(parseTorrent(readFileSync(place)).comment).toBe("x");
  });

  it("writes to another file, into a folder or to standard output, and leaves the torrent alone", async () => {
    const { cwd, place } = folderWithTorrent();
    mkdirSync(join(cwd, "out"));
    const args = ["edit", "n.torrent", "--comment", "x", "-o"];
    expect((await runBt([...args, "other.torrent"], { cwd })).code).toBe(0);
    expect((await runBt([...args, "out"], { cwd })).code).toBe(0);
    const { io } = await runBt([...args, "-"], { cwd });
    expect(parseTorrent(io.stdout.bytes).comment).toBe("x");
    expect(Buffer.compare(io.stdout.bytes, readFileSync(join(cwd, "other.torrent")))).toBe(0);
    expect(Buffer.compare(io.stdout.bytes, readFileSync(join(cwd, "out/n.torrent")))).toBe(0);
    expect(Buffer.compare(torrentBytes(), readFileSync(place))).toBe(0);
  });

  it("works as a filter", async () => {
    const { io, code } = await runBt(["edit", "-", "--no-trackers", "-o", "-"], { stdin: torrentBytes() });
    expect([code, parseTorrent(io.stdout.bytes).trackers]).toEqual([0, []]);
  });

  it("--json prints what info --json prints of the result", async () => {
    const { cwd } = folderWithTorrent();
    const { out, err } = await runBt(["edit", "n.torrent", "--json", "--add-tracker", B], { cwd });
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({ trackers: [[A], [B]] });
    expect(out).toBe((await runBt(["info", "n.torrent", "--json"], { cwd })).out);
  });

  it("names what was to be taken out and is not there, and does the rest", async () => {
    const { cwd, place } = folderWithTorrent();
    const { code, err } = await runBt(["edit", "n.torrent", "--remove-tracker", B, "--no-comment"], { cwd });
    expect(code).toBe(0);
    expect(err).toMatch(new RegExp(`^not in the torrent: ${B}\n`));
    expect(parseTorrent(readFileSync(place))).not.toHaveProperty("comment");
  });

  it("listens to no variable that is set for downloads", async () => {
    const { cwd, place } = folderWithTorrent();
    const env = { BT_NO_TRACKERS: "1", BT_TRACKER: B, BT_OUT: "elsewhere" };
    expect((await runBt(["edit", "n.torrent", "--comment", "x"], { cwd, env })).code).toBe(0);
    expect(parseTorrent(readFileSync(place))).toMatchObject({ trackers: [[A]], comment: "x" });
    expect(existsSync(join(cwd, "elsewhere"))).toBe(false);
  });

  it.each([
    [["n.torrent"], 2, /^bt: nothing to change; bt edit --help shows what can be\n$/],
    [["n.torrent", "--tracker", A, "--no-trackers"], 2, /--tracker and --no-trackers contradict each other/],
    [["n.torrent", "--comment", "x", "--no-comment"], 2, /contradict each other/],
    [["n.torrent", "--web-seed", SEED, "--no-web-seeds"], 2, /contradict each other/],
    [["n.torrent", "--add-tracker", "b.example"], 2, /^bt: --add-tracker: "b\.example" is not a tracker/],
    [["n.torrent", "--no-comment", "-o", "-", "--json"], 2, /cannot both go to standard output/],
    [["-", "--no-comment"], 2, /^bt: - cannot be changed in place; name a file with -o/],
    [["none.torrent", "--no-comment"], 3, /^bt: cannot read none\.torrent: there is no such file/],
    [["bad.torrent", "--no-comment"], 4, /^bt: bad\.torrent is not a valid torrent: /],
    [
      ["n.torrent", "--no-comment", "-o", "no/such"],
      7,
      /^bt: cannot write .*such: .*choose another place with -o\n$/,
    ],
    [["n.torrent", "--no-comment", "-o", "out"], 2, /n\.torrent exists already; name the file with -o/],
  ])("refuses %j and changes nothing", async (args, code, message) => {
    const { cwd, place } = folderWithTorrent();
    writeFileSync(join(cwd, "bad.torrent"), encode({ info: {} }));
    mkdirSync(join(cwd, "out"));
    writeFileSync(join(cwd, "out/n.torrent"), "mine");
    const finished = await runBt(["edit", ...args], { cwd });
    expect([finished.code, finished.out]).toEqual([code, ""]);
    expect(finished.err).toMatch(message);
    expect(Buffer.compare(torrentBytes(), readFileSync(place))).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(["bad.torrent", "n.torrent", "out"]);
  });
});

describe("changed tiers", () => {
  const url = fc.constantFrom("a", "b", "c", "d");
  const tiers = fc.array(fc.uniqueArray(url), { maxLength: 4 });

  it("hold all that was added, nothing that was only taken out, and no empty tier", () => {
    fc.assert(
      fc.property(tiers, tiers, fc.uniqueArray(url), (before, add, remove) => {
        const changed = changeTiers(before, { replace: undefined, add, remove });
        const urls = changed?.urls.flat() ?? before.flat();
        for (const one of add.flat()) expect(urls).toContain(one);
        for (const one of remove) if (!add.flat().includes(one)) expect(urls).not.toContain(one);
        for (const tier of changed?.urls ?? []) expect(tier).not.toEqual([]);
      }),
    );
  });
});
