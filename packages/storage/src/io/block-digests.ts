import { hash } from "node:crypto";
import { BLOCK_LENGTH } from "@bt/primitives";

/** Blocks that are hashed before the loop turns: 1 MiB, about a millisecond. */
const BLOCKS_PER_SLICE = 64;

/** The SHA-1 of each block of a piece, in hex: to tell which blocks of two versions of it differ. */
export async function digestBlocks(bytes: Uint8Array): Promise<string[]> {
  const digests: string[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_LENGTH) {
    digests.push(hash("sha1", bytes.subarray(at, at + BLOCK_LENGTH), "hex"));
    if (digests.length % BLOCKS_PER_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return digests;
}
