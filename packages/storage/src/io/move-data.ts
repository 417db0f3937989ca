import { resolve } from "node:path";
import { Bitfield } from "@bt/primitives";
import { StorageError } from "../errors.ts";
import type { FileStat } from "../journal-format.ts";
import type { MoveOptions } from "../torrent-storage.ts";
import type { Journal } from "./journal.ts";
import { readSpan, syncAndStat } from "./part-file.ts";
import { isAnyHad, type PayloadFiles } from "./payload-files.ts";
import type { PieceWriter } from "./piece-writer.ts";
import type { ResumeLog } from "./resume-log.ts";
import { SpanWriter } from "./span-writer.ts";

/** Bytes copied at a time. */
const CHUNK_LENGTH = 1024 * 1024;

/**
 * The way of the files into another folder. They get a second name there, or a copy where that cannot be, so that the old
 * place stays whole until the new one is; whatever moment the process dies at, one of them is complete.
 *
 * `bring` may be called while pieces are read and written: a second name shows what is written through the first, and
 * copies are made of pieces that are had, which nobody writes to any more. The last call, while nothing is written, has little
 * left to do.
 */
export class DataMove {
  readonly #from: PayloadFiles;
  readonly #to: PayloadFiles;
  readonly #writer: SpanWriter;
  /** In the old place. */
  readonly #foreign: ReadonlySet<number>;
  readonly #copiedPieces: Bitfield;
  readonly #linked = new Set<number>();
  readonly #copied = new Set<number>();
  /** Files of ours in the new place that were not there before. */
  readonly #made = new Set<number>();
  #canLink = true;

  constructor(from: PayloadFiles, to: PayloadFiles) {
    this.#from = from;
    this.#to = to;
    this.#writer = new SpanWriter(to);
    this.#foreign = new Set(from.foreign);
    this.#copiedPieces = new Bitfield(from.metainfo.layout.pieces.pieceCount);
    for (const fileIndex of from.parts.parted) to.parts.parted.add(fileIndex);
    for (const [fileIndex, path] of from.renames) to.renames.set(fileIndex, path);
  }

  /** @throws StorageError FOREIGN_DATA when another file is in the new place already. */
  async bring(have: Bitfield, signal?: AbortSignal): Promise<void> {
    const { files, layout } = this.#from.metainfo;
    for (let index = 0; index <= files.length; index++) {
      signal?.throwIfAborted();
      if (this.#linked.has(index) || this.#copied.has(index) || !this.#from.isOnDisk(index)) continue;
      const isForeign = this.#foreign.has(index);
      // Of somebody else's file only what we wrote into its gaps comes along, and the file stays.
      const isOurs = !isForeign || isAnyHad(have, layout.piecesOfFile(index));
      if (isOurs && (await this.#from.inspectFile(index)) !== undefined)
        await this.#bringFile(index, !isForeign);
      else if (((await this.#to.inspectFile(index))?.size ?? 0) > 0) this.#to.foreign.add(index);
    }
    if (this.#copied.size > 0) await this.#copyPieces(have, signal);
  }

  /** What was brought is safe from a power cut when this resolves; the states of copies. */
  async sync(): Promise<Map<number, FileStat>> {
    const stats = new Map<number, FileStat>();
    for (const index of this.#copied) stats.set(index, await syncAndStat(this.#to, index));
    await this.#to.syncNames([...this.#linked].map((index) => this.#to.elementsOf(index)));
    return stats;
  }

  /** Files that stay where they are. */
  get left(): number[] {
    return [...this.#foreign].filter((index) => !this.#copied.has(index));
  }

  /** Takes back what was brought, as far as it was not there before. */
  async takeBack(): Promise<void> {
    await this.#to.close();
    for (const index of this.#made) await removeFile(this.#to, index).catch(() => {});
  }

  /** Deletes what was brought in the old place, and the folders that are empty then. Longer files hold bytes that are not ours. */
  async removeOld(from: PayloadFiles): Promise<void> {
    await from.removeLinks();
    for (const index of [...this.#linked, ...this.#copied]) {
      if (this.#foreign.has(index)) continue;
      const length = from.metainfo.files[index]?.length ?? Infinity;
      try {
        const stat = await from.inspectFile(index);
        if (stat !== undefined && stat.size <= length) await removeFile(from, index);
      } catch {
        // It stays: the new place is complete without it.
      }
    }
  }

  async #bringFile(index: number, mayLink: boolean): Promise<void> {
    const to = this.#to;
    const elements = this.#from.elementsOf(index);
    const wasThere = (await to.inspectFile(index)) !== undefined;
    if (mayLink && this.#canLink) {
      const result = await this.#from.root.link(elements, to.root, elements);
      if (result === "same") throw isSamePlace(to.pathOf(index));
      if (result === "linked") {
        this.#linked.add(index);
        if (!wasThere) this.#made.add(index);
        return;
      }
      if (result === "impossible") this.#canLink = false;
    }
    // What is there may be an earlier attempt of ours or somebody else's: written over only where it is zeros or the same.
    if (wasThere) to.foreign.add(index);
    else this.#made.add(index);
    to.giveBack(await to.borrow(index, true));
    this.#copied.add(index);
  }

  async #copyPieces(have: Bitfield, signal: AbortSignal | undefined): Promise<void> {
    const { pieces } = this.#from.metainfo.layout;
    for (const piece of have.clone().indices()) {
      if (this.#copiedPieces.has(piece)) continue;
      signal?.throwIfAborted();
      for (const { fileIndex, fileOffset, length } of this.#from.spansOf(
        pieces.offsetOf(piece),
        pieces.pieceLengthAt(piece),
      )) {
        if (!this.#copied.has(fileIndex)) continue;
        for (let at = 0; at < length; at += CHUNK_LENGTH) {
          const bytes = new Uint8Array(Math.min(CHUNK_LENGTH, length - at));
          await readSpan(this.#from, fileIndex, fileOffset + at, bytes);
          await this.#writer.write(fileIndex, fileOffset + at, [bytes]);
        }
      }
      this.#copiedPieces.set(piece);
    }
  }
}

export interface MoveParts {
  readonly payload: PayloadFiles;
  /** The same files in the new folder. */
  readonly target: PayloadFiles;
  readonly have: Bitfield;
  readonly writer: PieceWriter;
  readonly log: ResumeLog;
  readonly journal: Journal;
  /** Absent when the journal lies elsewhere and stays there. */
  readonly newJournal: Journal | undefined;
  readonly onJournal: (journal: Journal) => void;
  readonly signals: readonly AbortSignal[];
  readonly onMoved: MoveOptions["onMoved"];
}

/** Moves the data of an open torrent; see `TorrentStorage.move`. */
export async function moveData(parts: MoveParts): Promise<void> {
  const { payload, target, have, writer, log, journal, newJournal = journal } = parts;
  const oldRoot = payload.root;
  if (resolve(oldRoot.path) === resolve(target.root.path)) return;
  const move = new DataMove(payload, target);
  const signal = AbortSignal.any([...parts.signals]);
  let hasArrived = false;
  let isJournalBegun = false;
  try {
    await target.root.make();
    await move.bring(have, signal);
    await writer.exclusive(async () => {
      await log.flush();
      await move.bring(have, signal);
      const stats = await move.sync();
      await target.close();
      isJournalBegun = true;
      await log.moveTo(newJournal, { stats, left: move.left, foreign: target.foreign }, () => {
        hasArrived = true;
        parts.onJournal(newJournal);
        payload.foreign = target.foreign;
        // Copies were written by us.
        for (const index of stats.keys()) payload.activityOf(index);
        payload.switchRoot(target.root);
      });
    });
  } catch (error) {
    if (!hasArrived) await move.takeBack();
    // It may be there, and would speak of files that are not.
    if (!hasArrived && isJournalBegun && newJournal !== journal) await newJournal.remove().catch(() => {});
    throw error;
  }
  try {
    await parts.onMoved?.();
  } finally {
    // The old one stays when nobody remembers the new place.
    if (newJournal !== journal) await journal.close();
  }
  if (newJournal !== journal) await journal.remove().catch(() => {});
  target.switchRoot(oldRoot);
  await move.removeOld(target);
  await payload.makeFilesWithoutBytes().catch(() => {});
}

/** Deletes one file of a torrent, and the folders that are empty then. */
export async function removeFile(payload: PayloadFiles, fileIndex: number): Promise<void> {
  const elements = payload.elementsOf(fileIndex);
  await payload.root.unlink(elements);
  await payload.root.removeEmptyFolders(elements);
}

function isSamePlace(path: string): StorageError {
  const message = `Cannot move the data to ${path}: it is there already under another name of the folder; choose another one.`;
  return new StorageError("FOREIGN_DATA", message, { path });
}
