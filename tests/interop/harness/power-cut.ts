import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";

interface WriteRecord {
  readonly kind: "write";
  readonly id: string;
  /** Which file, as `stat` tells files apart. */
  readonly file: string;
  /** Of the file, before. */
  readonly size: number;
  readonly position: number;
  readonly end: number;
  /** What was there before. */
  readonly before: Uint8Array;
}

/**
 * Makes of `folder` what a power cut leaves when the disk lost every write that was not synced: names stay as they are (a
 * journalling file system keeps their order), contents go back. `logPath` is what `unsynced-writes.mjs` wrote. Returns how
 * many writes were lost.
 */
export function cutPower(folder: string, logPath: string): number {
  const { writes, synced } = readLog(logPath);
  const byFile = new Map<string, WriteRecord[]>();
  for (const write of writes) {
    const list = byFile.get(write.file);
    if (list === undefined) byFile.set(write.file, [write]);
    else list.push(write);
  }
  let lostCount = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const place = path.join(entry.parentPath, entry.name);
    const { ino, birthtimeMs, size } = statSync(place);
    const ofFile = byFile.get(`${String(ino)} ${String(birthtimeMs)}`) ?? [];
    const lost = ofFile.filter(({ id }) => !synced.has(id));
    if (lost.length === 0) continue;
    const keptEnd = Math.max(
      ofFile[0]!.size,
      ...ofFile.filter(({ id }) => synced.has(id)).map(({ end }) => end),
    );
    const fd = openSync(place, "r+");
    for (const { position, before, end } of lost.reverse()) {
      const zeros = Buffer.alloc(Math.min(end, size) - position > 0 ? Math.min(end, size) - position : 0);
      zeros.set(before.subarray(0, zeros.length));
      writeSync(fd, zeros, 0, zeros.length, position);
    }
    ftruncateSync(fd, Math.min(size, keptEnd));
    closeSync(fd);
    lostCount += lost.length;
  }
  return lostCount;
}

function readLog(logPath: string): { writes: WriteRecord[]; synced: Set<string> } {
  // A process that died before it began has written nothing.
  const bytes = existsSync(logPath) ? readFileSync(logPath) : Buffer.alloc(0);
  const writes: WriteRecord[] = [];
  const synced = new Set<string>();
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(10, at);
    if (newline < 0) break;
    const record = JSON.parse(bytes.toString("utf8", at, newline)) as
      | (Omit<WriteRecord, "before"> & { length: number })
      | { kind: "sync"; covered: string[]; length: number };
    const end = newline + 1 + record.length;
    if (end > bytes.length) break;
    if (record.kind === "write") writes.push({ ...record, before: bytes.subarray(newline + 1, end) });
    else for (const id of record.covered) synced.add(id);
    at = end;
  }
  return { writes, synced };
}
