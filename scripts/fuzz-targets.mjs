// What scripts/fuzz.mjs throws at the format packages. A target makes an input of choices and judges what comes of it:
// `judge` returns when all is well, and throws for what must not be. `refusal` is the only exception that may come.
import { anyValue, mutateBytes, mutateValue } from "./fuzz-mutations.mjs";

const text = new TextEncoder();

function must(holds, what) {
  if (!holds) throw new Error(what);
}

const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The targets by name, over the packages' modules. */
export function fuzzTargets({ bencode, metainfo }) {
  const torrents = validTorrents(metainfo);
  const trees = torrents.map((bytes) => plain(bencode.decode(bytes)));
  const magnets = validMagnets(torrents, metainfo);
  const checkTorrent = (bytes) => judgeTorrent(bytes, metainfo);

  return {
    "bencode-decode": {
      refusal: bencode.BencodeError,
      make(choices) {
        const encoded = choices.once(4) ? choices.pick(torrents) : bencode.encode(anyValue(choices));
        return choices.once(8) ? encoded : mutateBytes(choices, encoded, torrents);
      },
      judge: (bytes) => judgeBencode(bytes, bencode),
    },
    torrent: {
      refusal: metainfo.MetainfoError,
      make(choices) {
        if (choices.once(3)) return mutateBytes(choices, choices.pick(torrents), torrents);
        let tree = choices.pick(trees);
        for (let rest = 1 + choices.below(3); rest > 0; rest--) tree = mutateValue(choices, tree);
        return encodeOrEmpty(tree, bencode);
      },
      judge: checkTorrent,
    },
    magnet: {
      refusal: metainfo.MetainfoError,
      make: (choices) => makeMagnet(choices, magnets),
      judge(bytes) {
        const magnet = metainfo.parseMagnet(latin(bytes));
        const again = metainfo.parseMagnet(metainfo.toMagnet(magnet));
        must(JSON.stringify(again.select) === JSON.stringify(magnet.select), "the selection changed");
        for (const key of ["infoHash", "infoHashV2"])
          must(String(again[key]) === String(magnet[key]), `${key} changed on the way to a link and back`);
        must(String(again.trackers) === String(magnet.trackers), "the trackers changed");
      },
    },
    path: {
      refusal: metainfo.MetainfoError,
      make: makeName,
      judge: (bytes) => judgeName(bytes, { bencode, metainfo }),
    },
    "piece-layers": {
      refusal: metainfo.MetainfoError,
      make: (choices) => makeLayers(choices, metainfo, bencode),
      judge(bytes) {
        const torrent = checkTorrent(bytes);
        for (const file of torrent.files.keys()) {
          const layer = torrent.pieceLayer(file);
          if (layer !== undefined)
            judgeLayer(layer, torrent.files[file].piecesRoot, torrent.pieceLength, metainfo);
        }
      },
    },
  };
}

function judgeBencode(
  bytes,
  { BencodeDictionary, BencodeFramer, BencodeError, decode, decodePrefix, encode },
) {
  const walk = (value) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (value instanceof BencodeDictionary) for (const [, item] of value.byteEntries()) walk(item);
  };
  try {
    walk(decode(bytes, { tolerant: true }));
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
  }
  const { value, length } = decodePrefix(bytes);
  walk(value);
  must(equal(encode(value), bytes.subarray(0, length)), "what was accepted has another encoding");
  if (length < 1 << 20) must(new BencodeFramer().push(bytes) === length, "the framer finds another end");
}

function judgeTorrent(bytes, { parseTorrent, parseMagnet, toMagnet }) {
  const torrent = parseTorrent(bytes);
  const seen = new Set();
  let end = 0;
  for (const { path, length, offset, pad, symlink } of torrent.files) {
    must(path.every(isSafe) && (symlink ?? []).every(isSafe), `unsafe path ${JSON.stringify(path)}`);
    must(offset >= end && length >= 0, "files lie over one another");
    end = offset + length;
    if (pad) continue;
    const folded = path.join("/").toLowerCase();
    must(!seen.has(folded), `two files at ${folded}`);
    seen.add(folded);
  }
  for (const path of seen)
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1))
      must(!seen.has(path.slice(0, at)), `a file is also the directory of ${path}`);
  const { layout, pieceCount } = torrent;
  for (const piece of [0, pieceCount - 1]) {
    const spans = layout.spansOf(layout.pieces.offsetOf(piece), layout.pieces.pieceLengthAt(piece));
    must(spans.length > 0, "a piece without a file");
    if (torrent.infoHash !== undefined) must(torrent.pieceHash(piece).length === 20, "no SHA-1");
    torrent.pieceRoot(piece);
  }
  const magnet = parseMagnet(toMagnet(torrent));
  must(String(magnet.infoHash) === String(torrent.infoHash), "the magnet has another info-hash");
  return torrent;
}

/** The rules of a name on every platform, told apart from the code under test. */
function isSafe(name) {
  if (name === "" || name === "." || name === ".." || text.encode(name).length > 255) return false;
  if (/[. ]$|[/\\<>:"|?*\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(name))
    return false;
  return !/^(con|prn|aux|nul|com[0-9]|lpt[0-9]) *(\.|$)/i.test(name);
}

const NAME_PARTS = [
  ...[
    "..",
    ".",
    "/",
    "\\",
    "CON",
    "com1",
    "nul.txt",
    " ",
    "\0",
    ":",
    "a",
    "A",
    "é",
    "e\u0301",
    "\u202e",
    "ß",
    "SS",
  ],
  ...[
    "\u200b",
    "\ufeff",
    "x".repeat(250),
    "…".repeat(90),
    ".tar.gz",
    "\ud83d\ude00",
    "\u0130",
    "ﬁ",
    "y".repeat(5000),
  ],
];

function makeName(choices) {
  const parts = Array.from({ length: 1 + choices.below(5) }, () => text.encode(choices.pick(NAME_PARTS)));
  const name = Uint8Array.from(parts.flatMap((part) => [...part]));
  return choices.once(2) ? name : mutateBytes(choices, name, [name]);
}

function judgeName(bytes, { bencode, metainfo }) {
  const { cleanPath, parseTorrent, sanitizeName } = metainfo;
  const name = sanitizeName(bytes);
  if (name !== undefined) {
    must(isSafe(name), `unsafe name ${JSON.stringify(name)}`);
    must(sanitizeName(text.encode(name)) === name, `cleaning ${JSON.stringify(name)} again changes it`);
  }
  const posix = sanitizeName(bytes, "posix");
  must(posix === undefined || !/^\.{0,2}$|[/\0]/.test(posix), `unsafe name ${JSON.stringify(posix)}`);
  // The bytes cut at each "a" as a path, and as the names of files side by side.
  const elements = split(bytes, 0x61);
  must(cleanPath(elements).every(isSafe), "unsafe path");
  if (bytes.length % 8 > 0) return;
  const files = [...elements, ...elements].map((element) => ({ length: 1, path: [element] }));
  files.push({ length: 1, path: elements });
  const info = { files, name: bytes, "piece length": 16_384, pieces: new Uint8Array(20) };
  judgeTorrent(bencode.encode({ info }), { ...metainfo, parseTorrent });
}

function split(bytes, separator) {
  const parts = [];
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== separator) continue;
    parts.push(bytes.subarray(start, i));
    start = i + 1;
  }
  return parts.slice(0, 20);
}

function makeMagnet(choices, magnets) {
  let parameters = choices.pick(magnets).slice("magnet:?".length).split("&");
  for (let rest = 1 + choices.below(4); rest > 0; rest--) {
    const at = choices.below(parameters.length);
    const other = choices.pick(choices.pick(magnets).slice("magnet:?".length).split("&"));
    if (choices.once(4)) parameters = parameters.filter((_, i) => i !== at);
    else if (choices.once(3)) parameters.splice(at, 0, other);
    else
      parameters[at] =
        `${parameters[at] ?? "dn"}${choices.pick(["%", "%00", "%ff", "=", "+", ".1", "%25", "&&", "\udc00"])}`;
  }
  const link = text.encode(`magnet:?${parameters.join("&")}`);
  return choices.once(2) ? link : mutateBytes(choices, link, [link]);
}

/** A v2 torrent of one or two files, in which a layer, a root or a length may be other than it was. */
function makeLayers(choices, { createTorrent, merklePadRoot, merkleRoot }, { encode, decode }) {
  const pieceLength = choices.pick([16_384, 32_768, 65_536]);
  const pad = merklePadRoot(pieceLength / 16_384);
  const files = Array.from({ length: 1 + choices.below(2) }, (_, i) => {
    const pieceLayer = choices.bytes(32 * (2 + choices.below(6)));
    const length = (pieceLayer.length / 32) * pieceLength - choices.below(pieceLength);
    return { path: [`f${i}`], length, pieceLayer, piecesRoot: merkleRoot(pieceLayer, { pad }) };
  });
  const tree = plain(decode(createTorrent({ name: "layers", files, pieceLength })));
  if (choices.once(4)) return encode(tree);
  const part = choices.pick(["piece layers", "piece layers", "info"]);
  return encodeOrEmpty(new Map(tree).set(part, mutateValue(choices, tree.get(part))), { encode });
}

function judgeLayer(layer, root, pieceLength, { merklePadRoot, merkleProof, verifyMerkleProof }) {
  const count = layer.length / 32;
  const index = layer[0] % count;
  const hash = layer.slice(index * 32, index * 32 + 32);
  const proof = merkleProof(layer, index, { pad: merklePadRoot(pieceLength / 16_384) });
  must(verifyMerkleProof(hash, index, proof, root), "a true proof is refused");
  hash[layer[1] % 32] ^= 1;
  must(!verifyMerkleProof(hash, index, proof, root), "a false proof is taken");
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value instanceof Uint8Array) return value;
  // Roots are keys that are no text; all others are the same both ways.
  return new Map(
    [...value.byteEntries()].map(([key, item]) => [key.length === 32 ? key : latin(key), plain(item)]),
  );
}

/** A change may make a key stand twice, which has no encoding. */
function encodeOrEmpty(tree, { encode }) {
  try {
    return encode(tree);
  } catch {
    return new Uint8Array(0);
  }
}

function latin(bytes) {
  return new TextDecoder().decode(bytes);
}

function validTorrents({ createTorrent, insertPadFiles, merklePadRoot, merkleRoot }) {
  const pieceLength = 16_384;
  const layer = Uint8Array.from({ length: 96 }, (_, i) => i);
  const tree = { pieceLayer: layer, piecesRoot: merkleRoot(layer, { pad: merklePadRoot(1) }) };
  const long = { path: ["dir", "b.bin"], length: 40_000, ...tree };
  const short = { path: ["a"], length: 5, piecesRoot: new Uint8Array(32).fill(7), executable: true };
  const link = { path: ["z"], length: 0, symlink: ["dir", "b.bin"] };
  const outer = {
    trackers: [["http://t.example/announce"], ["udp://u.example:1"]],
    webSeeds: ["http://w.example/"],
    nodes: [{ host: "n.example", port: 6881 }],
    comment: "c",
    createdBy: "bt",
    creationDate: 1_700_000_000,
  };
  const v1 = [{ path: ["x.txt"], length: 20_000 }, { path: ["dir", "y"], length: 3, hidden: true }, link];
  return [
    createTorrent({
      name: "one",
      files: [{ path: [], length: 5 }],
      pieceLength,
      pieceHashes: new Uint8Array(20),
    }),
    createTorrent({ name: "many", files: v1, pieceLength, pieceHashes: new Uint8Array(40), ...outer }),
    createTorrent({ name: "v2", files: [short, long], pieceLength, private: true, source: "s" }),
    createTorrent({
      name: "hybrid",
      files: insertPadFiles([short, long], pieceLength),
      pieceLength,
      pieceHashes: new Uint8Array(80),
      ...outer,
    }),
  ];
}

function validMagnets(torrents, { parseTorrent, toMagnet }) {
  const hash = "0123456789abcdef0123456789abcdef01234567";
  return [
    ...torrents.map((bytes) => toMagnet(parseTorrent(bytes))),
    `magnet:?xt=urn:btih:${hash}&dn=a+b&so=0,2-5,9&kt=x+y&x.pe=127.0.0.1:1&x.pe=[::1]:2&xl=5&as=http%3A%2F%2Fa&xs=b&dht=h:1`,
    `magnet:?xt.1=urn:btih:MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&xt.2=urn:btmh:1220${hash}${hash.slice(0, 24)}&tr.1=udp%3A%2F%2Ft%3A1`,
  ];
}
