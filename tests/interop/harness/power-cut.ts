import {
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";

/** A change of a file's bytes: a write, or a cut, which takes away all from `position` on. */
interface ContentRecord {
  readonly kind: "write" | "cut";
  readonly id: string;
  /** Which file, as `stat` tells files apart. */
  readonly file: string;
  /** Of the file, before. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly position: number;
  readonly end: number;
  /** What was there before. */
  readonly before: Uint8Array;
}

/** A change of a name. */
interface NameRecord {
  readonly kind: "create" | "rename";
  readonly id: string;
  readonly place: string;
  readonly from?: string;
  /** Whether `place` had a file, which was `before`. */
  readonly wasThere?: boolean;
  readonly before: Uint8Array;
}

interface SyncRecord {
  readonly kind: "sync";
  readonly process: string;
  readonly file: string;
  /** Time of the file that is on the disk now. */
  readonly mtimeMs: number;
  /**
   * Its length when the sync began, which is on the disk as well: that of a write, too, of whose end the process has not heard yet,
   * so that its bytes count as lost.
   */
  readonly size: number;
  readonly covered: readonly string[];
}

interface Log {
  readonly contents: readonly ContentRecord[];
  readonly names: readonly NameRecord[];
  readonly synced: ReadonlySet<string>;
  /** By file. */
  readonly times: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, number>;
}

/** What a power cut took away. */
export interface Losses {
  readonly writes: number;
  readonly names: number;
}

/**
 * Makes of `folder` what a power cut leaves when the disk lost every write that was not synced, every time that was not, and
 * all names from a moment on that `random` (in [0, 1)) chooses among those that were not: contents and names go back.
 * `logPath` is what `unsynced-writes.mjs` wrote.
 */
export function cutPower(folder: string, logPath: string, random: () => number = Math.random): Losses {
  const log = readLog(logPath);
  const writes = undoContents(folder, log);
  const lastSynced = log.names.findLastIndex(({ id }) => log.synced.has(id));
  const open = log.names.slice(lastSynced + 1);
  const lost = open.slice(Math.floor(random() * (open.length + 1)));
  for (const name of [...lost].reverse()) undoName(name);
  return { writes, names: lost.length };
}

function undoContents(folder: string, { contents, synced, times, sizes }: Log): number {
  const byFile = new Map<string, ContentRecord[]>();
  for (const record of contents) byFile.set(record.file, [...(byFile.get(record.file) ?? []), record]);
  let lostCount = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const place = path.join(entry.parentPath, entry.name);
    const { ino, birthtimeMs } = statSync(place);
    const key = `${String(ino)} ${String(birthtimeMs)}`;
    const ofFile = byFile.get(key) ?? [];
    const lost = ofFile.filter(({ id }) => !synced.has(id));
    if (lost.length === 0) continue;
    let size = ofFile[0]!.size;
    for (const { id, kind, end } of ofFile) {
      if (synced.has(id)) size = kind === "cut" ? end : Math.max(size, end);
    }
    if (ofFile.every(({ kind }) => kind === "write")) size = Math.max(size, sizes.get(key) ?? 0);
    const fd = openSync(place, "r+");
    for (const { kind, position, before, end } of [...lost].reverse()) {
      const bytes = Buffer.alloc(
        kind === "cut" ? before.length : Math.max(0, Math.min(end, size) - position),
      );
      bytes.set(before.subarray(0, bytes.length));
      writeSync(fd, bytes, 0, bytes.length, position);
    }
    ftruncateSync(fd, size);
    closeSync(fd);
    // Rounded up: a time cannot be set as finely as the system keeps it, and an older file would be another matter.
    const seconds = Math.ceil(times.get(key) ?? ofFile[0]!.mtimeMs) / 1000;
    utimesSync(place, seconds, seconds);
    lostCount += lost.length;
  }
  return lostCount;
}

function undoName({ kind, place, from, wasThere, before }: NameRecord): void {
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return;
  if (kind === "create") {
    rmSync(place);
    return;
  }
  renameSync(place, from!);
  if (wasThere === true) writeFileSync(place, before);
}

function processOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

function readLog(logPath: string): Log {
  // A process that died before it began has written nothing.
  const bytes = existsSync(logPath) ? readFileSync(logPath) : Buffer.alloc(0);
  const contents: ContentRecord[] = [];
  const names: NameRecord[] = [];
  const synced = new Set<string>();
  const times = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(10, at);
    if (newline < 0) break;
    const record = JSON.parse(bytes.toString("utf8", at, newline)) as { length: number } & (
      ContentRecord | NameRecord | SyncRecord
    );
    const end = newline + 1 + record.length;
    if (end > bytes.length) break;
    const before = bytes.subarray(newline + 1, end);
    if ("place" in record) names.push({ ...record, before });
    else if (record.kind === "sync") {
      for (const id of record.covered) synced.add(id);
      // What a process left behind that was killed before is synced with it.
      for (const { id, file } of contents)
        if (file === record.file && processOf(id) !== record.process) synced.add(id);
      times.set(record.file, record.mtimeMs);
      sizes.set(record.file, record.size);
    } else contents.push({ ...record, before });
    at = end;
  }
  return { contents, names, synced, times, sizes };
}
