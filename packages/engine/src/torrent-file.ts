import type { MetainfoFile } from "@bt/metainfo";
import { NORMAL_PRIORITY } from "@bt/piece-picker";
import type { FilePriority } from "./core/file-priority.ts";
import type { TorrentState } from "./core/torrent-state.ts";

/** One file of a torrent in a session. */
export class TorrentFile {
  readonly index: number;
  readonly #state: () => TorrentState;
  readonly #select: (priorities: ReadonlyMap<number, FilePriority>) => void;

  /** Made by `Torrent`. */
  constructor(
    index: number,
    state: () => TorrentState,
    select: (priorities: ReadonlyMap<number, FilePriority>) => void,
  ) {
    this.index = index;
    this.#state = state;
    this.#select = select;
  }

  get #file(): MetainfoFile {
    return this.#state().metainfo.files[this.index]!;
  }

  /** As the torrent names it, below the download folder. */
  get path(): readonly string[] {
    return this.#file.path;
  }

  /** Bytes. */
  get length(): number {
    return this.#file.length;
  }

  get priority(): FilePriority {
    return this.#state().filePriorities[this.index]! as FilePriority;
  }

  /** Bytes of it that are verified and written. Counted when read, in time proportional to its pieces. */
  get verifiedLength(): number {
    const { metainfo, picker } = this.#state();
    const { layout } = metainfo;
    const { offset, length } = this.#file;
    const { first, end } = layout.piecesOfFile(this.index);
    let verified = 0;
    for (let piece = first; piece < end; piece++) {
      if (!picker.have.has(piece)) continue;
      const start = layout.pieces.offsetOf(piece);
      const pieceEnd = start + layout.pieces.pieceLengthAt(piece);
      verified += Math.min(pieceEnd, offset + length) - Math.max(start, offset);
    }
    return verified;
  }

  /** Wants the file: 1 last, 4 normal, 7 before all others. At 0 it is the same as `deselect`. */
  select(priority: FilePriority = NORMAL_PRIORITY): void {
    this.#select(new Map([[this.index, priority]]));
  }

  /**
   * Does not want it any more: it is not fetched, and not made if it is not there. What is there of it stays. Pieces that
   * it shares with wanted files are fetched all the same.
   */
  deselect(): void {
    this.select(0);
  }
}
