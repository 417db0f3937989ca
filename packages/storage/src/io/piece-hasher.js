// Reads and hashes pieces in blocking calls: in the hash threads, and in a thread that has nothing else to do. Plain
// JavaScript, so that a thread runs it as it is from the sources.
import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { MERKLE_HASH_LENGTH, MerkleHash, widthFor } from "./merkle-hash.js";

/** @typedef {import("./hash-source.ts").HashSource} HashSource */

// What was read is hashed while it is in the core's second cache. A piece that is hashed in one call has few calls of Node's,
// which cost microseconds each: with 256 KiB, `bt create` took 3 % longer. Where blocks are hashed one by one, or bytes
// twice, longer reads only leave the cache (docs/performance.md).
const READ_LENGTH = 1024 * 1024;
const BLOCKS_READ_LENGTH = 256 * 1024;
const OPEN_FILE_LIMIT = 8;
const SHA1_LENGTH = 20;
const DIGEST_LENGTHS = {
  sha1: SHA1_LENGTH,
  merkle: MERKLE_HASH_LENGTH,
  both: SHA1_LENGTH + MERKLE_HASH_LENGTH,
};

const zeros = Buffer.alloc(16_384);

/**
 * What was read last, of the hasher that is at work: nothing is kept from one call of `hashPieces` to the next, so that a
 * thread needs but one, however many torrents it checks.
 *
 * @type {Buffer | undefined}
 */
let sharedWindow;

class Unavailable extends Error {}

/** The pieces of one source. It keeps a few files open until `close`. */
export class PieceHasher {
  #source;
  /** File index to descriptor, the one used last at the end; -1: the file cannot be had. @type {Map<number, number>} */
  #opened = new Map();
  #readLength;
  /** @type {Buffer} */
  #window = zeros;
  // What the window holds: bytes [windowStart, windowEnd) of file windowFile.
  #windowFile = -1;
  #windowStart = 0;
  #windowEnd = 0;

  /** @param {HashSource} source */
  constructor(source) {
    this.#source = source;
    this.#readLength = source.digest === "sha1" ? READ_LENGTH : BLOCKS_READ_LENGTH;
  }

  /**
   * The digests of `count` pieces from `first` on, one after the other, and for each whether it could be made: its
   * bytes may not all be there.
   *
   * @param {number} first
   * @param {number} count
   */
  hashPieces(first, count) {
    const { digest, totalLength, pieceLength, strict } = this.#source;
    this.#window = sharedWindow ??= Buffer.allocUnsafeSlow(READ_LENGTH);
    this.#windowFile = -1;
    const digestLength = DIGEST_LENGTHS[digest];
    const digests = new Uint8Array(digestLength * count);
    const isHashed = new Uint8Array(count);
    const workEnd = Math.min(totalLength, (first + count) * pieceLength);
    for (let i = 0; i < count; i++) {
      const start = (first + i) * pieceLength;
      const end = Math.min(start + pieceLength, workEnd);
      const place = digests.subarray(digestLength * i, digestLength * (i + 1));
      try {
        if (digest === "sha1") place.set(this.#sha1(start, end, workEnd));
        else this.#hashOfOneFile(start, end, workEnd, place);
        isHashed[i] = 1;
      } catch (error) {
        if (!(error instanceof Unavailable) || strict) throw error;
      }
    }
    return { digests, isHashed };
  }

  /** It must not be used after that. */
  close() {
    for (const index of this.#opened.keys()) this.#close(index);
  }

  /**
   * SHA-1 over torrent bytes [start, end), which may run on from file to file.
   *
   * @param {number} start
   * @param {number} end
   * @param {number} workEnd how far it is worth reading ahead
   */
  #sha1(start, end, workEnd) {
    const { offsets, lengths, paths } = this.#source;
    let index = fileAt(offsets, start);
    const whole = this.#wholePiece(index, start, end, workEnd);
    if (whole !== undefined) return hash("sha1", whole, "buffer");
    const sha1 = createHash("sha1");
    for (let at = start; at < end; index++) {
      const spanEnd = Math.min(end, numberAt(offsets, index) + numberAt(lengths, index));
      if (paths[index] === "") updateWithZeros(sha1, spanEnd - at);
      else this.#hashSpan(index, at, spanEnd, workEnd, [sha1]);
      at = spanEnd;
    }
    return sha1.digest();
  }

  /**
   * The bytes [start, end) when the window holds them all, or does after one reading.
   *
   * @param {number} index the file that holds the first of them
   * @param {number} start
   * @param {number} end
   * @param {number} workEnd
   */
  #wholePiece(index, start, end, workEnd) {
    const fileOffset = numberAt(this.#source.offsets, index);
    const fileEnd = fileOffset + numberAt(this.#source.lengths, index);
    if (end > fileEnd || end - start > READ_LENGTH || this.#source.paths[index] === "") return undefined;
    const position = start - fileOffset;
    if (!this.#isInWindow(index, position))
      this.#fillWindow(index, position, Math.min(workEnd, fileEnd) - start);
    const from = position - this.#windowStart;
    const to = from + end - start;
    if (to > this.#windowEnd - this.#windowStart) return undefined;
    return to - from === READ_LENGTH ? this.#window : this.#window.subarray(from, to);
  }

  /**
   * The digests of a piece that has bytes of one file alone: its merkle root, and for a hybrid the SHA-1 before it, over
   * the zeros too that fill the piece (BEP 52 "Upgrade Path").
   *
   * @param {number} start
   * @param {number} end
   * @param {number} workEnd
   * @param {Uint8Array} place
   */
  #hashOfOneFile(start, end, workEnd, place) {
    const { offsets, lengths, pieceLength, digest } = this.#source;
    const index = fileAt(offsets, start);
    const fileLength = numberAt(lengths, index);
    const dataEnd = Math.min(end, numberAt(offsets, index) + fileLength);
    const merkle = new MerkleHash(widthFor(Math.min(fileLength, pieceLength)));
    if (digest === "merkle") {
      this.#hashSpan(index, start, dataEnd, workEnd, [merkle]);
      place.set(merkle.digest());
      return;
    }
    const sha1 = createHash("sha1");
    this.#hashSpan(index, start, dataEnd, workEnd, [sha1, merkle]);
    updateWithZeros(sha1, end - dataEnd);
    place.set(sha1.digest());
    place.set(merkle.digest(), SHA1_LENGTH);
  }

  /**
   * Hashes torrent bytes [start, end), which lie in one file.
   *
   * @param {number} index
   * @param {number} start
   * @param {number} end
   * @param {number} workEnd
   * @param {readonly { update(bytes: Uint8Array): unknown }[]} hashes
   */
  #hashSpan(index, start, end, workEnd, hashes) {
    const fileOffset = numberAt(this.#source.offsets, index);
    const fileEnd = fileOffset + numberAt(this.#source.lengths, index);
    for (let at = start; at < end;) {
      const position = at - fileOffset;
      if (!this.#isInWindow(index, position))
        this.#fillWindow(index, position, Math.min(workEnd, fileEnd) - at);
      const part = Math.min(this.#windowEnd - position, end - at);
      const from = position - this.#windowStart;
      const bytes = this.#window.subarray(from, from + part);
      for (const one of hashes) one.update(bytes);
      at += part;
    }
  }

  /**
   * @param {number} index
   * @param {number} position
   */
  #isInWindow(index, position) {
    return index === this.#windowFile && position >= this.#windowStart && position < this.#windowEnd;
  }

  /**
   * @param {number} index
   * @param {number} position
   * @param {number} wanted
   */
  #fillWindow(index, position, wanted) {
    this.#windowFile = -1;
    const { strict, lengths } = this.#source;
    const isWholeFile = strict && position === 0 && wanted === lengths[index] && wanted < this.#readLength;
    const count = isWholeFile
      ? this.#readWholeFile(index, wanted)
      : this.#read(this.#open(index), index, Math.min(this.#readLength, wanted), position);
    if (count === 0) throw changed(this.#source, index, "it is shorter than expected");
    this.#windowFile = index;
    this.#windowStart = position;
    this.#windowEnd = position + count;
  }

  /**
   * A small file that will not be wanted again. When it gives just as many bytes as it should, and no more, the system
   * need not be asked how many it has.
   *
   * @param {number} index
   * @param {number} length
   */
  #readWholeFile(index, length) {
    const descriptor = this.#openFrugally(index, openPath);
    try {
      const count = this.#read(descriptor, index, length + 1, 0);
      if (count !== length) requireFile(this.#source, index, descriptor);
      return Math.min(count, length);
    } catch (error) {
      // Of a pipe or folder in its place, what it is says more than why it cannot be read.
      requireFile(this.#source, index, descriptor);
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * @param {number} descriptor
   * @param {number} index
   * @param {number} length
   * @param {number} position
   */
  #read(descriptor, index, length, position) {
    try {
      return readSync(descriptor, this.#window, 0, length, position);
    } catch (error) {
      // Of a read the system does not tell which file it was.
      throw Object.assign(/** @type {object} */ (error), { path: this.#source.paths[index] });
    }
  }

  /** @param {number} index */
  #open(index) {
    let descriptor = this.#opened.get(index);
    if (descriptor === undefined) {
      for (const old of this.#opened.keys()) {
        if (this.#opened.size < OPEN_FILE_LIMIT) break;
        this.#close(old);
      }
      descriptor = this.#openFrugally(index, openFile);
    }
    this.#opened.delete(index);
    this.#opened.set(index, descriptor);
    if (descriptor === -1) throw new Unavailable();
    return descriptor;
  }

  /**
   * When the process has no descriptor left, those that this hasher keeps open are given back.
   *
   * @param {number} index
   * @param {(source: HashSource, index: number) => number} open
   */
  #openFrugally(index, open) {
    try {
      return open(this.#source, index);
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if ((code !== "EMFILE" && code !== "ENFILE") || this.#opened.size === 0) throw error;
      for (const old of this.#opened.keys()) this.#close(old);
      return open(this.#source, index);
    }
  }

  /** @param {number} index */
  #close(index) {
    const descriptor = this.#opened.get(index) ?? -1;
    this.#opened.delete(index);
    if (descriptor !== -1) closeSync(descriptor);
  }
}

/**
 * SHA-1, or with `treeWidth` the root of the merkle tree over 16 KiB blocks that is so many leaves wide.
 *
 * @param {Uint8Array} bytes
 * @param {number} treeWidth
 */
export function hashBytes(bytes, treeWidth) {
  if (treeWidth === 0) return new Uint8Array(hash("sha1", bytes, "buffer"));
  const merkle = new MerkleHash(treeWidth);
  merkle.update(bytes);
  return new Uint8Array(merkle.digest());
}

/**
 * A descriptor, or -1 where a missing file is no error.
 *
 * @param {HashSource} source
 * @param {number} index
 */
function openPath(source, index) {
  const noFollow = source.strict ? 0 : (constants.O_NOFOLLOW ?? 0);
  const path = /** @type {string} */ (source.paths[index]);
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noFollow);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (!source.strict && (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP")) return -1;
    throw error;
  }
}

/**
 * As `openPath`, for what is a regular file and, where it matters, as long as it should be.
 *
 * @param {HashSource} source
 * @param {number} index
 */
function openFile(source, index) {
  const descriptor = openPath(source, index);
  if (descriptor === -1) return -1;
  try {
    requireFile(source, index, descriptor);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    if (!source.strict && error instanceof Unavailable) return -1;
    throw error;
  }
}

/**
 * @param {HashSource} source
 * @param {number} index
 * @param {number} descriptor
 */
function requireFile(source, index, descriptor) {
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) throw changed(source, index, "it is no regular file any more");
  if (source.strict && stat.size !== source.lengths[index])
    throw changed(source, index, `it has ${stat.size} bytes, not ${source.lengths[index]}`);
}

/**
 * @param {HashSource} source
 * @param {number} index
 * @param {string} why
 */
function changed(source, index, why) {
  return Object.assign(new Unavailable(why), { code: "BT_CHANGED", path: source.paths[index] });
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

/**
 * @param {Float64Array} numbers
 * @param {number} index
 */
function numberAt(numbers, index) {
  return /** @type {number} */ (numbers[index]);
}

/**
 * @param {{ update(bytes: Uint8Array): unknown }} one
 * @param {number} length
 */
function updateWithZeros(one, length) {
  for (let rest = length; rest > 0; rest -= zeros.length)
    one.update(rest < zeros.length ? zeros.subarray(0, rest) : zeros);
}
