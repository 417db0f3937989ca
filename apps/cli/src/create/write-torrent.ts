import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { Io } from "../io.ts";

/**
 * Where a new torrent goes: the file that is named, `NAME.torrent` in a folder that is named, or else `NAME.torrent`
 * here. Only a name that the user gave may replace a file.
 */
export function torrentPlace(given: string | undefined, name: string, source: string, io: Io): string {
  let place = resolve(io.cwd, given ?? ".");
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) {
    place = join(place, `${name}.torrent`);
    if (existsSync(place)) throw usageFailure(`${place} exists already; name the file with -o to replace it`);
  }
  if (place === source) throw usageFailure(`${place} is the payload itself; give another file with -o`);
  return place;
}

/** Writes the torrent beside its place first, so that no half of it is ever seen. */
export async function writeTorrent(place: string, bytes: Uint8Array): Promise<void> {
  const { rename, rm, writeFile } = await import("node:fs/promises");
  const draft = `${place}.${process.pid}.tmp`;
  try {
    await writeFile(draft, bytes, { flag: "wx" });
    await rename(draft, place);
  } catch (cause) {
    await rm(draft, { force: true });
    const code = String((cause as { code?: unknown }).code);
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const advice = isFull ? "make room" : "choose another place with -o";
    throw new Failure(
      isFull ? EXIT.diskFull : EXIT.disk,
      isFull ? "DISK_FULL" : code,
      `cannot write ${place}: ${describeSystemError(cause)}; ${advice}`,
      { cause },
    );
  }
}
