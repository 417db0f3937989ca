import { StorageError, toStorageError } from "../errors.ts";
import { readFully, writeFully } from "./disk.ts";
import type { OpenFile } from "./file-pool.ts";
import type { PayloadFiles } from "./payload-files.ts";

/** Writes under way at a time per torrent: Node's thread pool has four threads. */
const WRITE_DEPTH = 4;

/** Writes verified pieces into the files, one call for each file that a piece touches. */
export class PieceWriter {
  /** Files that were there before us and that nothing proves to belong to this torrent. */
  readonly foreign: Set<number> = new Set();
  readonly #payload: PayloadFiles;
  #activeCount = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(payload: PayloadFiles) {
    this.#payload = payload;
  }

  /** Writes `bytes` at torrent offset `offset`; resolves with the indices of the files that were written. */
  async write(offset: number, bytes: Uint8Array): Promise<number[]> {
    if (this.#activeCount >= WRITE_DEPTH) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#activeCount++;
    try {
      const touched: number[] = [];
      let at = 0;
      for (const { fileIndex, fileOffset, length } of this.#payload.metainfo.layout.spansOf(
        offset,
        bytes.length,
      )) {
        if (this.#payload.isOnDisk(fileIndex)) {
          await this.#writeSpan(fileIndex, fileOffset, bytes.subarray(at, at + length));
          touched.push(fileIndex);
        }
        at += length;
      }
      return touched;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#activeCount--;
      else next();
    }
  }

  async #writeSpan(fileIndex: number, position: number, bytes: Uint8Array): Promise<void> {
    const payload = this.#payload;
    if (this.foreign.has(fileIndex)) await this.#refuseToDestroy(fileIndex, position, bytes);
    const open = payload.borrowOpen(fileIndex, true) ?? (await payload.borrow(fileIndex, true));
    try {
      await writeFully(payload.disk, open.fd, bytes, position);
    } catch (cause) {
      throw toStorageError(cause, "write", payload.pathOf(fileIndex));
    } finally {
      payload.giveBack(open);
    }
  }

  /**
   * Bytes of a file that may be somebody else's are written over only where they are zeros, as in a file that another
   * client laid out, or the very same: then nothing is lost.
   */
  async #refuseToDestroy(fileIndex: number, position: number, bytes: Uint8Array): Promise<void> {
    const payload = this.#payload;
    const path = payload.pathOf(fileIndex);
    const there = new Uint8Array(bytes.length);
    let open: OpenFile | undefined;
    let thereLength: number;
    try {
      open = await payload.borrow(fileIndex, false);
      thereLength = await readFully(payload.disk, open.fd, there, position);
    } catch (cause) {
      throw toStorageError(cause, "read", path);
    } finally {
      if (open !== undefined) payload.giveBack(open);
    }
    for (let i = 0; i < thereLength; i++) {
      if (there[i] !== 0 && there[i] !== bytes[i]) {
        const message = `Cannot write ${path}: a file with other content is there already; move it away or choose another folder.`;
        throw new StorageError("FOREIGN_DATA", message, { path });
      }
    }
  }
}
