import { asPromise, writeFully, type Disk, type DiskStat } from "./disk.ts";

/** Zeros written at a time. */
const CHUNK_LENGTH = 1024 * 1024;

/**
 * Gives a file all of its room by writing zeros from its end to `length`. Node has no `fallocate`, and making a file longer
 * with `ftruncate` takes no room at all. What lies before its end is left alone, holes included.
 *
 * @throws the reason of `signal`, between two chunks; the next call goes on there.
 */
export async function allocateFile(
  disk: Disk,
  fd: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = await asPromise<DiskStat>((done) => disk.fstat(fd, done));
  const zeros = new Uint8Array(Math.min(CHUNK_LENGTH, Math.max(0, length - size)));
  for (let at = size; at < length; at += zeros.length) {
    signal?.throwIfAborted();
    await writeFully(disk, fd, [zeros.subarray(0, Math.min(zeros.length, length - at))], at);
  }
}
