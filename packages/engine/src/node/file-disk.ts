import {
  BufferPool,
  createStorage,
  DEFAULT_OPEN_FILE_LIMIT,
  FilePool,
  Gate,
  HashWorkers,
  NODE_DISK,
  type Disk,
  type PieceBuffer,
  type StorageOptions,
  type TorrentStorage,
} from "@bt/storage";
import type { Bitfield } from "@bt/primitives";
import type { DiskPort, PieceSink, TorrentDisk } from "../ports.ts";

export interface FileDiskOptions {
  /** Bytes of piece buffers for all torrents together. */
  readonly memoryBudgetLength: number;
  /** Open files of all torrents together; default `DEFAULT_OPEN_FILE_LIMIT` of @bt/storage. */
  readonly openFileLimit?: number | undefined;
  /** "full": files get all of their room at once; default "sparse". See `StorageOptions` of @bt/storage. */
  readonly allocation?: "sparse" | "full" | undefined;
  /** Threads that hash, at most; default: one per core, at most 4. */
  readonly hashThreadCount?: number | undefined;
  /** Where pieces are hashed that were downloaded; default: see `placeHash` of @bt/storage. */
  readonly placeHash?: StorageOptions["placeHash"];
  /** Replaces the system's files, e.g. by ones that fail. */
  readonly disk?: Disk | undefined;
}

/** Torrents that look at the disk at a time while they are opened; the others wait in line. */
const MAXIMUM_OPENING_TORRENTS = 32;

/** Torrents in files, with one budget of piece buffers, one limit of open files and one set of hash workers for all of them. */
export function createFileDisk(options: FileDiskOptions): DiskPort {
  const pool = new BufferPool({ budgetLength: options.memoryBudgetLength });
  const { disk = NODE_DISK, openFileLimit = DEFAULT_OPEN_FILE_LIMIT, allocation, placeHash } = options;
  const { hashThreadCount } = options;
  const hashers = new HashWorkers(hashThreadCount === undefined ? {} : { count: hashThreadCount });
  const gate = new Gate(MAXIMUM_OPENING_TORRENTS);
  const files = new FilePool({ disk, limit: openFileLimit });
  return {
    openTorrent: (metainfo, root) =>
      new FileTorrentDisk(root, (path) =>
        createStorage({ metainfo, root: path, pool, hashers, files, gate, disk, allocation, placeHash }),
      ),
    close: async () => {
      await hashers.close();
    },
  };
}

/** A storage is opened once; this one is replaced by a new one when the torrent opens its disk again. */
class FileTorrentDisk implements TorrentDisk {
  readonly #create: (root: string) => TorrentStorage;
  #root: string;
  #storage: TorrentStorage;
  #isUsed = false;
  #isClosed = false;

  constructor(root: string, create: (root: string) => TorrentStorage) {
    this.#create = create;
    this.#root = root;
    this.#storage = create(root);
  }

  async open(options: Parameters<TorrentDisk["open"]>[0]): Promise<Bitfield> {
    const hadData = !this.#storage.have.isEmpty;
    if (this.#isUsed) {
      // What it could not save is found by hashing, so its error says nothing new.
      await this.#storage.close().catch(() => {});
      if (this.#isClosed) throw new TypeError("the disk was closed");
      this.#storage = this.#create(this.#root);
    }
    this.#isUsed = true;
    return this.#storage.open({ ...options, expectData: options.expectData === true || hadData });
  }

  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void> {
    return this.#storage.setUnwanted(fileIndices);
  }

  acquire(piece: number): PieceSink | undefined {
    return this.#storage.acquire(piece);
  }

  discard(sink: PieceSink): void {
    this.#storage.discard(sink as PieceBuffer);
  }

  commit(sink: PieceSink): Promise<boolean> {
    return this.#storage.commit(sink as PieceBuffer);
  }

  takeFailedDigests(piece: number): readonly string[] | undefined {
    return this.#storage.takeFailedDigests(piece);
  }

  digestBlocks(piece: number): Promise<readonly string[]> {
    return this.#storage.digestBlocks(piece);
  }

  read(targets: Parameters<TorrentDisk["read"]>[0]): Promise<void> {
    return this.#storage.read(targets);
  }

  flush(): Promise<void> {
    return this.#storage.flush();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#storage.close();
  }

  async move(root: string, onMoved: () => Promise<void> | void): Promise<void> {
    await this.#storage.move(root, {
      onMoved: () => {
        this.#root = root;
        return onMoved();
      },
    });
  }

  rename(path: readonly string[], newPath: readonly string[]): Promise<void> {
    return this.#storage.rename(path, newPath);
  }

  pathOf(fileIndex: number): readonly string[] {
    return this.#storage.pathOf(fileIndex);
  }

  deleteData(): Promise<void> {
    this.#isClosed = true;
    return this.#storage.deleteData();
  }

  removeJournal(): Promise<void> {
    return this.#storage.removeJournal();
  }
}
