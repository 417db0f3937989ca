// A hash thread. Plain JavaScript, so that it runs as it is from the sources, from dist and beside a bundle.
// It reads and hashes by itself, in blocking calls: only digests cross threads.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";

/**
 * @typedef {object} Job  files that lie one behind the other in piece space
 * @property {number} pieceLength
 * @property {number} totalLength
 * @property {readonly string[]} paths  an empty path stands for zeros (a pad file)
 * @property {Float64Array} offsets  where each file begins, rising
 * @property {Float64Array} lengths  none is 0
 * @property {"sha1" | "merkle"} digest
 * @property {boolean} strict  a file that is missing or has another length is an error, and links are followed
 *
 * @typedef {object} OpenedFile
 * @property {number} fd  -1: it cannot be had
 * @property {number} index
 */

// What was read is hashed while it is in the core's cache: 5 % less CPU than with 1 MiB (bench/hash.mjs).
const READ_LENGTH = 256 * 1024;
const OPEN_FILE_LIMIT = 8;
const BLOCK_LENGTH = 16_384;

const port = /** @type {NonNullable<typeof parentPort>} */ (parentPort);
/** @type {Map<number, Job>} */
const jobs = new Map();
/** @type {Map<string, OpenedFile>} */
const opened = new Map();
const window = Buffer.allocUnsafeSlow(READ_LENGTH);
const zeros = Buffer.alloc(BLOCK_LENGTH);
// What the window holds: bytes [windowStart, windowEnd) of file windowFile of job windowJob.
let windowJob = -1;
let windowFile = -1;
let windowStart = 0;
let windowEnd = 0;

class Unavailable extends Error {}

port.on("message", (message) => {
  switch (message.kind) {
    case "buffer":
      return hashBuffer(message.id, message.bytes, message.treeWidth);
    case "job":
      return void jobs.set(message.job, message.source);
    case "pieces":
      return hashPieces(message.id, message.job, message.first, message.count);
    case "end":
      return endJob(message.job);
  }
});
port.postMessage({ kind: "ready" });

/**
 * @param {number} id
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} treeWidth
 */
function hashBuffer(id, bytes, treeWidth) {
  const hash = treeWidth === 0 ? createHash("sha1") : new MerkleHash(treeWidth);
  const digest = new Uint8Array(hash.update(bytes).digest());
  port.postMessage({ kind: "done", id, digest, bytes }, [bytes.buffer]);
}

/**
 * @param {number} id
 * @param {number} jobId
 * @param {number} first
 * @param {number} count
 */
function hashPieces(id, jobId, first, count) {
  const job = /** @type {Job} */ (jobs.get(jobId));
  const digestLength = job.digest === "sha1" ? 20 : 32;
  const digests = new Uint8Array(digestLength * count);
  const isHashed = new Uint8Array(count);
  try {
    const end = Math.min(job.totalLength, (first + count) * job.pieceLength);
    for (let i = 0; i < count; i++) {
      const offset = (first + i) * job.pieceLength;
      try {
        digests.set(
          hashPiece(jobId, job, offset, Math.min(offset + job.pieceLength, end), end),
          digestLength * i,
        );
        isHashed[i] = 1;
      } catch (error) {
        if (!(error instanceof Unavailable) || job.strict) throw error;
      }
    }
    port.postMessage({ kind: "done", id, digests, isHashed });
  } catch (error) {
    const { code, path, message } = /** @type {NodeJS.ErrnoException} */ (error);
    port.postMessage({ kind: "failed", id, code, path, message });
  }
}

/**
 * @param {number} jobId
 * @param {Job} job
 * @param {number} offset
 * @param {number} end  of the piece
 * @param {number} workEnd  how far it is worth reading ahead
 */
function hashPiece(jobId, job, offset, end, workEnd) {
  let index = fileAt(job.offsets, offset);
  if (job.digest === "merkle") {
    const length = /** @type {number} */ (job.lengths[index]);
    end = Math.min(end, /** @type {number} */ (job.offsets[index]) + length);
    const hash = new MerkleHash(widthFor(Math.min(length, job.pieceLength)));
    hashFile(jobId, job, index, offset, end, workEnd, hash);
    return hash.digest();
  }
  const hash = createHash("sha1");
  for (let at = offset; at < end; index++) {
    const fileEnd = /** @type {number} */ (job.offsets[index]) + /** @type {number} */ (job.lengths[index]);
    const spanEnd = Math.min(end, fileEnd);
    if (job.paths[index] === "") {
      for (; at < spanEnd; at += Math.min(zeros.length, spanEnd - at)) {
        hash.update(zeros.subarray(0, Math.min(zeros.length, spanEnd - at)));
      }
    }
    if (at < spanEnd) hashFile(jobId, job, index, at, spanEnd, workEnd, hash);
    at = spanEnd;
  }
  return hash.digest();
}

/**
 * Hashes torrent bytes [start, end), which lie in one file.
 *
 * @param {number} jobId
 * @param {Job} job
 * @param {number} index
 * @param {number} start
 * @param {number} end
 * @param {number} workEnd
 * @param {{ update(bytes: Uint8Array): unknown }} hash
 */
function hashFile(jobId, job, index, start, end, workEnd, hash) {
  const fileOffset = /** @type {number} */ (job.offsets[index]);
  const fileEnd = fileOffset + /** @type {number} */ (job.lengths[index]);
  for (let at = start; at < end;) {
    const position = at - fileOffset;
    if (!isInWindow(jobId, index, position)) {
      fillWindow(jobId, job, index, position, Math.min(workEnd, fileEnd) - at);
    }
    const part = Math.min(windowEnd - position, end - at);
    hash.update(window.subarray(position - windowStart, position - windowStart + part));
    at += part;
  }
}

/**
 * @param {number} jobId
 * @param {number} index
 * @param {number} position
 */
function isInWindow(jobId, index, position) {
  return jobId === windowJob && index === windowFile && position >= windowStart && position < windowEnd;
}

/**
 * @param {number} jobId
 * @param {Job} job
 * @param {number} index
 * @param {number} position
 * @param {number} wanted
 */
function fillWindow(jobId, job, index, position, wanted) {
  windowJob = -1;
  const fd = open(jobId, job, index);
  const count = readSync(fd, window, 0, Math.min(READ_LENGTH, wanted), position);
  if (count === 0) throw changed(job, index, "it is shorter than expected");
  windowJob = jobId;
  windowFile = index;
  windowStart = position;
  windowEnd = position + count;
}

/**
 * @param {number} jobId
 * @param {Job} job
 * @param {number} index
 */
function open(jobId, job, index) {
  const key = `${jobId}:${index}`;
  let file = opened.get(key);
  if (file === undefined) {
    for (const [oldKey, old] of opened) {
      if (opened.size < OPEN_FILE_LIMIT) break;
      close(oldKey, old);
    }
    file = { fd: openFile(job, index), index };
  }
  opened.delete(key);
  opened.set(key, file);
  if (file.fd === -1) throw new Unavailable();
  return file.fd;
}

/**
 * @param {Job} job
 * @param {number} index
 */
function openFile(job, index) {
  const noFollow = job.strict ? 0 : (constants.O_NOFOLLOW ?? 0);
  const path = /** @type {string} */ (job.paths[index]);
  let fd;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noFollow);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (!job.strict && (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP")) return -1;
    throw error;
  }
  const stat = fstatSync(fd);
  if (!stat.isFile() || (job.strict && stat.size !== job.lengths[index])) {
    closeSync(fd);
    if (!job.strict) return -1;
    throw changed(job, index, `it has ${stat.size} bytes, not ${job.lengths[index]}`);
  }
  return fd;
}

/**
 * @param {Job} job
 * @param {number} index
 * @param {string} why
 */
function changed(job, index, why) {
  const error = new Unavailable(why);
  return Object.assign(error, { code: "BT_CHANGED", path: job.paths[index] });
}

/**
 * @param {string} key
 * @param {OpenedFile} file
 */
function close(key, file) {
  opened.delete(key);
  if (file.fd !== -1) closeSync(file.fd);
}

/** @param {number} jobId */
function endJob(jobId) {
  jobs.delete(jobId);
  for (const [key, file] of opened) if (key.startsWith(`${jobId}:`)) close(key, file);
}

/**
 * The file that holds the byte at `offset`.
 *
 * @param {Float64Array} offsets
 * @param {number} offset
 */
function fileAt(offsets, offset) {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (/** @type {number} */ (offsets[middle]) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** BEP 52: the root over SHA-256 hashes of 16 KiB blocks, filled up with zeros. Parts may be cut anywhere. */
class MerkleHash {
  #width;
  /** @type {Buffer[]} */
  #layer = [];
  #block = createHash("sha256");
  #blockLength = 0;

  /** @param {number} width leaves, a power of two */
  constructor(width) {
    this.#width = width;
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    for (let at = 0; at < bytes.length;) {
      const part = Math.min(bytes.length - at, BLOCK_LENGTH - this.#blockLength);
      this.#block.update(bytes.subarray(at, at + part));
      this.#blockLength += part;
      at += part;
      if (this.#blockLength === BLOCK_LENGTH) this.#endBlock();
    }
    return this;
  }

  digest() {
    if (this.#blockLength > 0) this.#endBlock();
    /** @type {Buffer} */
    let pad = Buffer.alloc(32);
    let layer = this.#layer;
    for (let width = this.#width; width > 1; width /= 2) {
      const above = [];
      for (let i = 0; i < layer.length; i += 2) {
        above.push(parent(/** @type {Buffer} */ (layer[i]), layer[i + 1] ?? pad));
      }
      layer = above;
      pad = parent(pad, pad);
    }
    return layer[0] ?? pad;
  }

  #endBlock() {
    this.#layer.push(this.#block.digest());
    this.#block = createHash("sha256");
    this.#blockLength = 0;
  }
}

/**
 * @param {Buffer} left
 * @param {Buffer} right
 */
function parent(left, right) {
  return createHash("sha256").update(left).update(right).digest();
}

/**
 * The number of leaves, a power of two, over `length` bytes.
 *
 * @param {number} length
 */
function widthFor(length) {
  let width = 1;
  while (width * BLOCK_LENGTH < length) width *= 2;
  return width;
}
