import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createIn, startSeeder, writePayload } from "./swarm.ts";
import { tempFolder } from "./temp-folder.ts";

export interface Swarm {
  /** Holds `album`, `album.torrent`, and is the seeder's download folder. */
  readonly folder: string;
  readonly peer: string;
}

export const FILES = { "a.bin": 100_000, "sub/ü b.bin": 50_000, empty: 0 } as const;

/** A seeder of `album`. */
export async function swarm(): Promise<Swarm> {
  const folder = tempFolder();
  writePayload(join(folder, "album"), FILES);
  const place = await createIn(folder, "album");
  const session = await startSeeder(readFileSync(place), folder);
  return { folder, peer: `127.0.0.1:${session.port}` };
}

/** Arguments that download it. */
export function download({ folder, peer }: Swarm, ...args: string[]): string[] {
  return ["download", join(folder, "album.torrent"), "--bind", "127.0.0.1", "--peer", peer, ...args];
}

export function digest(place: string): string {
  return createHash("sha256").update(readFileSync(place)).digest("hex");
}

export function expectSameAlbum(a: string, b: string): void {
  for (const path of Object.keys(FILES)) {
    expect(digest(join(b, "album", path))).toBe(digest(join(a, "album", path)));
  }
}
