import {
  chmodSync,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { EXIT } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { Io } from "../io.ts";

/**
 * Where a new torrent goes: the file that is named, `NAME.torrent` in a folder that is named, or else `NAME.torrent`
 * here. Only a name that the user gave may replace a file, and never the payload's.
 */
export function torrentPlace(
  given: string | undefined,
  name: string,
  payload: string | undefined,
  io: Io,
): string {
  let place = resolve(io.cwd, given ?? ".");
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) {
    place = join(place, `${name}.torrent`);
    if (existsSync(place)) throw usageFailure(`${place} exists already; name the file with -o to replace it`);
  }
  if (place === payload) throw usageFailure(`${place} is the payload itself; give another file with -o`);
  return place;
}

/**
 * Writes the torrent beside its place first, so that no half of it is ever seen. A file that it replaces gives it its
 * permissions; behind a link, the file that the link leads to is replaced; a pipe or device is written to.
 */
export async function writeTorrent(place: string, bytes: Uint8Array): Promise<void> {
  let draft: string | undefined;
  try {
    const old = statOf(place);
    // A pipe may wait for its reader for ever, and Ctrl-C has to work meanwhile.
    if (old !== undefined && !old.isFile())
      return await (await import("node:fs/promises")).writeFile(place, bytes);
    const target = old === undefined ? place : realpathSync.native(place);
    draft = `${target}.${process.pid}.tmp`;
    // Flushed before it takes the name: after a loss of power there is the old file or the new one.
    writeFileSync(draft, bytes, { flag: "wx", flush: true });
    if (old !== undefined) chmodSync(draft, old.mode & 0o7777);
    renameSync(draft, target);
  } catch (cause) {
    const code = String((cause as { code?: unknown }).code);
    // A draft that was there before is not ours.
    if (draft !== undefined && code !== "EEXIST") rmSync(draft, { force: true });
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

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // writing will say why
  }
}
