import { StorageError, toStorageError } from "../errors.ts";
import { readFully, writeFully } from "./disk.ts";
import type { OpenFile } from "./file-pool.ts";
import type { PayloadFiles } from "./payload-files.ts";

/** Writes runs of bytes into single files, and never over somebody else's. */
export class SpanWriter {
  readonly #payload: PayloadFiles;

  constructor(payload: PayloadFiles) {
    this.#payload = payload;
  }

  /** Writes `parts`, one behind the other, into one file. */
  async write(fileIndex: number, position: number, parts: readonly Uint8Array[]): Promise<void> {
    const payload = this.#payload;
    if (payload.foreign.has(fileIndex)) await this.#refuseToDestroy(fileIndex, position, parts);
    const open = payload.borrowOpen(fileIndex, true) ?? (await payload.borrow(fileIndex, true));
    const activity = payload.activityOf(fileIndex);
    activity.startedCount++;
    activity.activeCount++;
    try {
      await writeFully(payload.disk, open.fd, parts, position);
    } catch (cause) {
      throw toStorageError(cause, "write", payload.pathOf(fileIndex));
    } finally {
      activity.activeCount--;
      payload.giveBack(open);
    }
  }

  /**
   * Bytes of a file that may be somebody else's are written over only where they are zeros, as in a file that another
   * client laid out, or the very same: then nothing is lost.
   */
  async #refuseToDestroy(fileIndex: number, position: number, parts: readonly Uint8Array[]): Promise<void> {
    const payload = this.#payload;
    const path = payload.pathOf(fileIndex);
    let at = position;
    for (const bytes of parts) {
      const there = new Uint8Array(bytes.length);
      let open: OpenFile | undefined;
      let thereLength: number;
      try {
        open = await payload.borrow(fileIndex, false);
        thereLength = await readFully(payload.disk, open.fd, there, at);
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
      at += bytes.length;
    }
  }
}
