// Operations per second of processor time beside npm `bencode`, in turns, best of five rounds each: processor time, so that
// other work on the machine does not count. Build first; then: node bench/against-npm.mjs
import npm from "bencode";
import { decode, encode } from "@bt/bencode";

const ROUND_MS = 200;
const ROUND_COUNT = 5;

const files = Array.from({ length: 10_000 }, (_, i) => ({
  length: 1000 + i,
  path: [`dir${i % 100}`, `some file ${i}.bin`],
}));
const bytes = (length) => new Uint8Array(length).fill(0x80);
const values = {
  "torrent, 100k pieces, 10k files": {
    announce: "http://tracker.example/announce",
    info: { files, name: "big", "piece length": 262_144, pieces: bytes(2_000_000) },
  },
  "10k files": files,
  "DHT query": { a: { id: bytes(20), info_hash: bytes(20) }, q: "get_peers", t: "aa", y: "q" },
  "DHT reply, 20 peers": {
    r: {
      id: bytes(20),
      nodes: bytes(208),
      token: bytes(8),
      values: Array.from({ length: 20 }, () => bytes(6)),
    },
    t: "aa",
    y: "r",
  },
  "extension handshake": {
    m: { lt_donthave: 3, upload_only: 4, ut_metadata: 1, ut_pex: 2 },
    metadata_size: 31_235,
    p: 6881,
    reqq: 250,
    v: "bt 1.0",
    yourip: bytes(4),
  },
};

function rate(operation) {
  const start = process.cpuUsage();
  let count = 0;
  let elapsed = 0;
  do {
    operation();
    count++;
    if (count % 64 !== 0 && count > 8) continue;
    const { user, system } = process.cpuUsage(start);
    elapsed = (user + system) / 1000;
  } while (elapsed < ROUND_MS);
  return (1000 * count) / elapsed;
}

function compare(own, other) {
  let best = [0, 0];
  for (let round = 0; round < ROUND_COUNT; round++)
    best = [Math.max(best[0], rate(own)), Math.max(best[1], rate(other))];
  return `${Math.round(best[0])}/s, npm ${Math.round(best[1])}/s, ratio ${(best[0] / best[1]).toFixed(1)}`;
}

for (const [name, value] of Object.entries(values)) {
  const encoded = encode(value);
  console.log(`${name} (${encoded.length} bytes)`);
  console.log(
    `  decode ${compare(
      () => decode(encoded),
      () => npm.decode(encoded),
    )}`,
  );
  console.log(
    `  encode ${compare(
      () => encode(value),
      () => npm.encode(value),
    )}`,
  );
}
