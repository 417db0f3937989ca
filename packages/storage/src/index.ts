/**
 * The payload of torrents on disk: pieces to files and back, every piece verified before it is written, hash work in
 * threads where that pays, and a journal that makes a restart fast and never wrong. Node only. It downloads nothing and
 * knows no peers; what a torrent is comes from `@bt/metainfo`.
 *
 * ```ts
 * import { createStorage } from "@bt/storage";
 *
 * const storage = createStorage({ metainfo, root: "downloads" });
 * const have = await storage.open(); // from the journal, or by hashing what is there
 *
 * const buffer = storage.acquire(0);
 * if (buffer !== undefined) {
 *   buffer.put(0, bytes, 0, bytes.length);
 *   buffer.blockDone(0, bytes.length);
 *   await storage.commit(buffer); // true: verified and written
 * }
 * await storage.close();
 * ```
 *
 * @packageDocumentation
 */
// The payload of a torrent
export { createStorage, journalName, type StorageOptions } from "./io/create-storage.ts";
export { createMemoryStorage, type MemoryStorageOptions } from "./io/memory-storage.ts";
export type {
  MoveOptions,
  OpenOptions,
  PieceBuffer,
  ReadRange,
  RecheckMode,
  TorrentStorage,
} from "./torrent-storage.ts";
export type { FileStat } from "./journal-format.ts";
export type { StorageMetainfo } from "./storage-metainfo.ts";

// Shared by the torrents of a session
export { BufferPool, DEFAULT_BUFFER_BUDGET_LENGTH, type BufferPoolOptions } from "./buffer-pool.ts";
export { Gate } from "./io/gate.ts";
export { DEFAULT_OPEN_FILE_LIMIT, FilePool, type FilePoolOptions } from "./io/file-pool.ts";
export {
  DEFAULT_HASH_JOB_LIMIT,
  DEFAULT_HASH_WORKER_LIMIT,
  HashWorkers,
  type HashedBuffer,
  type HashPiecesOptions,
  type HashWorkersOptions,
} from "./io/hash-workers.ts";
export type { HashSource } from "./io/hash-source.ts";

// Making a torrent, checking one
export {
  hashFiles,
  hashFileTrees,
  hashHybrid,
  type FileTree,
  type HashedFile,
  type HashFilesOptions,
  type HybridHashes,
} from "./io/hash-files.ts";
export { scanPayload, type ScannedFile, type ScannedPayload } from "./io/scan-payload.ts";
export { recordVerified, type RecordVerifiedOptions } from "./io/record-verified.ts";
export { verifyData, type FileReport, type VerifyOptions, type VerifyReport } from "./io/verify-data.ts";

// For storages of your own
export { digestBlocks } from "./io/block-digests.ts";
export { PieceVerifier, type PieceDigester, type TreeWidth } from "./io/piece-verifier.ts";

// Policy
export {
  DEFAULT_HASH_PLACEMENT_LIMITS,
  placeHash,
  type HashPlacement,
  type HashPlacementLimits,
  type HashSituation,
} from "./hash-placement.ts";
export { GATHER_MS, gatherWrites, MAX_RUN_LENGTH, type WriteSituation } from "./write-gathering.ts";
export { DEFAULT_WRITE_WINDOW, type WriteWindow } from "./io/resume-log.ts";

// Ports and errors
export type { StorageClock } from "./clock.ts";
export type { Disk, DiskStat, Done } from "./io/disk.ts";
export { NODE_DISK } from "./io/disk.ts";
export { NODE_CLOCK } from "./io/node-clock.ts";
export { StorageError, type StorageErrorCode } from "./errors.ts";
