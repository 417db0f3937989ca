// A hash thread. Plain JavaScript, so that it runs as it is from the sources, from dist and beside a bundle.
// It reads and hashes by itself, in blocking calls: only digests cross threads.
import { parentPort } from "node:worker_threads";
import { hashBytes, PieceHasher } from "./piece-hasher.js";

const port = /** @type {NonNullable<typeof parentPort>} */ (parentPort);
/** @type {Map<number, PieceHasher>} */
const jobs = new Map();

port.on("message", (message) => {
  switch (message.kind) {
    case "buffer":
      return hashBuffer(message.id, message.bytes, message.treeWidth);
    case "job":
      return void jobs.set(message.job, new PieceHasher(message.source));
    case "pieces":
      return hashPieces(message.id, message.job, message.first, message.count);
    case "end":
      jobs.get(message.job)?.close();
      return void jobs.delete(message.job);
  }
});
port.postMessage({ kind: "ready" });

/**
 * @param {number} id
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} treeWidth
 */
function hashBuffer(id, bytes, treeWidth) {
  port.postMessage({ kind: "done", id, digest: hashBytes(bytes, treeWidth), bytes }, [bytes.buffer]);
}

/**
 * @param {number} id
 * @param {number} job
 * @param {number} first
 * @param {number} count
 */
function hashPieces(id, job, first, count) {
  try {
    const hasher = /** @type {PieceHasher} */ (jobs.get(job));
    port.postMessage({ kind: "done", id, ...hasher.hashPieces(first, count) });
  } catch (error) {
    const { code, path, message } = /** @type {NodeJS.ErrnoException} */ (error);
    port.postMessage({ kind: "failed", id, code, path, message });
  }
}
