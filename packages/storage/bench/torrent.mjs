// A torrent of one file over random content that repeats every 32 MiB, and what one step costs in CPU seconds.
import { createHash, randomBytes } from "node:crypto";
import { FileLayout } from "@bt/metainfo";
import { PieceLayout } from "@bt/primitives";

export const GIB = 1024 ** 3;
const REPEAT = 32 * 1024 * 1024;

/** @param {number} totalLength @param {number} pieceLength */
export function benchTorrent(totalLength, pieceLength) {
  const content = randomBytes(REPEAT);
  const pieceBytes = (/** @type {number} */ piece) => {
    const start = (piece * pieceLength) % REPEAT;
    return content.subarray(start, start + pieceLength);
  };
  const hashes = Array.from({ length: REPEAT / pieceLength }, (_, i) =>
    createHash("sha1").update(pieceBytes(i)).digest(),
  );
  const files = [
    { path: ["payload"], length: totalLength, offset: 0, pad: false, executable: false, hidden: false },
  ];
  const metainfo = {
    version: /** @type {const} */ ("v1"),
    infoHash: new Uint8Array(20),
    files,
    layout: new FileLayout(new PieceLayout({ totalLength, pieceLength }), files),
    pieceHash: (/** @type {number} */ piece) => /** @type {Buffer} */ (hashes[piece % hashes.length]),
    pieceRoot: () => undefined,
  };
  return { metainfo, pieceBytes, content };
}

/**
 * Wall and CPU seconds per GiB of `run` over `length` bytes.
 *
 * @param {string} name
 * @param {number} length
 * @param {() => Promise<unknown>} run
 */
export async function measure(name, length, run) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perGiB = GIB / length;
  const round = (/** @type {number} */ value) => Number((value * perGiB).toFixed(3));
  console.log(
    JSON.stringify({
      name,
      wall: round(wall),
      cpu: round((user + system) / 1e6),
      user: round(user / 1e6),
      system: round(system / 1e6),
    }),
  );
}
