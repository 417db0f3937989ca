import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session } from "@bt/engine";
import { createNodeSession, type NodeSessionOptions } from "@bt/engine/node";
import { createTorrent } from "@bt/metainfo";
import { afterEach, beforeEach } from "vitest";
import { pieceHashes } from "./piece-hashes.ts";

/** Of the test that runs: its folder, in which `seed/payload.bin` lies, and what is in that. */
export let folder: string;
export let payload: Buffer;
let ofPieces: number;
const cleanups: (() => unknown)[] = [];

/** Each test of the file that calls this gets a folder with a payload of its own. */
export function useOneFile(length: number, pieceLength: number): void {
  ofPieces = pieceLength;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bt-engine-"));
    payload = randomBytes(length);
    await mkdir(join(folder, "seed"));
    await writeFile(join(folder, "seed", "payload.bin"), payload);
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await rm(folder, { recursive: true, force: true });
  });
}

/** Runs when the test is over, before its folder goes; the last one first. */
export function whenOver(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** A torrent of the payload. */
export function torrentBytes(trackers: string[][] = [], isPrivate = false): Uint8Array {
  return createTorrent({
    name: "payload.bin",
    files: [{ path: [], length: payload.length }],
    pieceLength: ofPieces,
    pieceHashes: pieceHashes(payload, ofPieces),
    trackers,
    private: isPrivate,
  });
}

/** A session on loopback that ends with the test. */
export async function session(options: NodeSessionOptions = {}): Promise<Session> {
  const made = await createNodeSession({ host: "127.0.0.1", ...options });
  whenOver(() => made.close({ timeoutMs: 500 }));
  return made;
}
