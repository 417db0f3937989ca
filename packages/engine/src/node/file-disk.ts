import { BufferPool, createStorage, FilePool, HashWorkers, type PieceBuffer } from "@bt/storage";
import type { DiskPort, PieceSink, TorrentDisk } from "../ports.ts";

export interface FileDiskOptions {
  /** Bytes of piece buffers for all torrents together. */
  readonly memoryBudgetLength: number;
}

/** Torrents in files, with one budget of piece buffers, one limit of open files and one set of hash workers for all of them. */
export function createFileDisk(options: FileDiskOptions): DiskPort {
  const pool = new BufferPool({ budgetLength: options.memoryBudgetLength });
  const hashers = new HashWorkers({});
  const files = new FilePool();
  return {
    openTorrent(metainfo, root): TorrentDisk {
      const storage = createStorage({ metainfo, root, pool, hashers, files });
      return {
        open: (openOptions) => storage.open(openOptions),
        acquire: (piece) => storage.acquire(piece),
        discard: (sink: PieceSink) => storage.discard(sink as PieceBuffer),
        commit: (sink: PieceSink) => storage.commit(sink as PieceBuffer),
        takeFailedDigests: (piece) => storage.takeFailedDigests(piece),
        digestBlocks: (piece) => storage.digestBlocks(piece),
        read: (targets) => storage.read(targets),
        close: () => storage.close(),
        removeJournal: () => storage.removeJournal(),
      };
    },
    close: async () => {
      await hashers.close();
    },
  };
}
