// A file of random bytes and its torrent.
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { BT_SCRIPT } from "./clients/bt.mjs";

/** @typedef {{ directory: string, file: string, totalLength: number, torrentPath: string }} Payload */

const CHUNK_LENGTH = 16 * 1024 * 1024;

/**
 * @param {string} base @param {number} totalLength @param {number} pieceLength @param {string} trackerUrl
 * @returns {Payload}
 */
export function makePayload(base, totalLength, pieceLength, trackerUrl) {
  const directory = path.join(base, "payload");
  mkdirSync(directory);
  const file = path.join(directory, "payload.bin");
  const chunk = Buffer.alloc(CHUNK_LENGTH);
  const descriptor = openSync(file, "w");
  for (let left = totalLength; left > 0; left -= CHUNK_LENGTH)
    writeSync(descriptor, randomFillSync(chunk), 0, Math.min(left, CHUNK_LENGTH));
  closeSync(descriptor);
  const torrentPath = path.join(base, "payload.torrent");
  const options = [
    "-o",
    torrentPath,
    "--tracker",
    trackerUrl,
    "--piece-length",
    String(pieceLength),
    "--format",
    "v1",
  ];
  execFileSync(process.execPath, [BT_SCRIPT, "create", file, "--quiet", ...options], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return { directory, file, totalLength, torrentPath };
}

/** Whether two files hold the same bytes. @param {string} a @param {string} b */
export function sameBytes(a, b) {
  const [left, right] = [openSync(a, "r"), openSync(b, "r")];
  const [leftChunk, rightChunk] = [Buffer.alloc(CHUNK_LENGTH), Buffer.alloc(CHUNK_LENGTH)];
  try {
    for (;;) {
      const leftLength = readSync(left, leftChunk);
      const rightLength = readSync(right, rightChunk);
      if (
        leftLength !== rightLength ||
        !leftChunk.subarray(0, leftLength).equals(rightChunk.subarray(0, rightLength))
      )
        return false;
      if (leftLength === 0) return true;
    }
  } finally {
    closeSync(left);
    closeSync(right);
  }
}
