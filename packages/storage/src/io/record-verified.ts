import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Bitfield } from "@bt/primitives";
import { toStorageError } from "../errors.ts";
import {
  encodeClean,
  encodeJournalHeader,
  encodeSnapshot,
  frameCrc,
  journalHeaderCrc,
  type FileStat,
} from "../journal-format.ts";
import type { StorageMetainfo } from "../storage-metainfo.ts";
import { journalName } from "./create-storage.ts";
import { isSyncRefusal } from "./sync-found.ts";

export interface RecordVerifiedOptions {
  readonly metainfo: StorageMetainfo;
  /** The folder that holds the torrent's file or folder. */
  readonly root: string;
  /** By file index: the files as they were before they were hashed, as `scanPayload` saw them. */
  readonly stats: ReadonlyMap<number, FileStat>;
}

/**
 * For whoever has just made the torrent of a payload: writes the journal that a storage would write after it had hashed
 * all of it, so that opening hashes nothing again but files that have changed since. Where there is a journal already,
 * that one stays.
 *
 * @throws StorageError when it cannot be written; opening then hashes as ever.
 */
export async function recordVerified({ metainfo, root, stats }: RecordVerifiedOptions): Promise<void> {
  const path = join(root, journalName(metainfo));
  if (existsSync(path)) return;
  const { pieceCount, pieceLength, totalLength } = metainfo.layout.pieces;
  const infoHash = (metainfo.infoHash ?? metainfo.infoHashV2)!;
  const have = new Bitfield(pieceCount);
  for (let piece = 0; piece < pieceCount; piece++) have.set(piece);
  const header = encodeJournalHeader({
    ...{ infoHash, pieceCount, pieceLength, totalLength },
    fileCount: metainfo.files.length,
  });
  // What was hashed may have been in the memory of the system alone.
  for (const [fileIndex, file] of metainfo.files.entries())
    if (stats.has(fileIndex)) await syncFile(join(root, ...file.path));
  const nowMs = Date.now();
  const snapshot = encodeSnapshot(journalHeaderCrc(header), nowMs, have, stats);
  // The name that a storage uses: when something of a process that died lies there, opening hashes as ever.
  const draft = `${path}.tmp`;
  try {
    const file = await open(draft, "wx");
    try {
      await file.writeFile(Buffer.concat([header, snapshot, encodeClean(frameCrc(snapshot), nowMs)]));
      await file.datasync();
    } catch (cause) {
      await rm(draft, { force: true });
      throw cause;
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    throw toStorageError(cause, "write", path);
  }
}

async function syncFile(path: string): Promise<void> {
  try {
    const file = await open(path, "r");
    try {
      await file.sync();
    } catch (cause) {
      if (!isSyncRefusal(cause)) throw cause;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw toStorageError(cause, "read", path);
  }
}
