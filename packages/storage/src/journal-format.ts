import { Bitfield, bytesEqual } from "@bt/primitives";
import { crc32 } from "./crc32.ts";
import { decodePlaces, encodePlaces, NO_PLACES, type FilePlaces } from "./file-places.ts";

// The byte format is described in JOURNAL.md. All numbers are big-endian.

/** What a journal belongs to; a journal of anything else is not read. */
export interface JournalIdentity {
  /** 20 (v1) or 32 (v2) bytes. */
  readonly infoHash: Uint8Array;
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly totalLength: number;
  readonly fileCount: number;
}

/** A file as it was when the journal was written. */
export interface FileStat {
  readonly length: number;
  /** Unix time in ms, with the fraction that the file system gives. */
  readonly modifiedMs: number;
  /** The file system's number of the file; 0 when it is not known. */
  readonly inode: number;
}

/** What a journal says, as far as it is undamaged. */
export interface JournalState {
  readonly have: Bitfield;
  /** By file index; the part file has the index after the last. */
  readonly stats: ReadonlyMap<number, FileStat>;
  readonly places: FilePlaces;
  /** Whether the last thing written was the mark of a clean stop and nothing, not even damage, comes after it. */
  readonly clean: boolean;
  /** Unix time of the last frame in ms, 0 when there is none. */
  readonly lastWriteMs: number;
  /** Bytes from the start that are undamaged: where appending goes on. */
  readonly validLength: number;
  /** CRC of the last undamaged frame: the seed of the next one. */
  readonly lastCrc: number;
}

export const JOURNAL_HEADER_LENGTH = 76;
const MAGIC = Uint8Array.of(0x89, 0x42, 0x54, 0x52, 0x53, 0x0d, 0x0a, 0x1a); // "\x89BTRS\r\n\x1a", as PNG does it
const VERSION = 2;
const FRAME_HEADER_LENGTH = 8;
const STAT_LENGTH = 28;

const PROGRESS = 1;
const SNAPSHOT = 2;
const CLEAN = 3;
const OPENED = 4;
const PLACES = 5;

export function encodeJournalHeader(identity: JournalIdentity): Uint8Array {
  const bytes = new Uint8Array(JOURNAL_HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION);
  view.setUint32(12, identity.pieceCount);
  setUint53(view, 16, identity.pieceLength);
  setUint53(view, 24, identity.totalLength);
  view.setUint32(32, identity.fileCount);
  view.setUint32(36, identity.infoHash.length);
  bytes.set(identity.infoHash, 40);
  view.setUint32(72, crc32(bytes.subarray(0, 72)));
  return bytes;
}

/** Seed of the first frame after `header`. */
export function journalHeaderCrc(header: Uint8Array): number {
  return viewOf(header).getUint32(72);
}

/** Pieces that became had, and the files as they are after their bytes were synced. */
export function encodeProgress(
  seed: number,
  nowMs: number,
  pieces: readonly number[],
  stats: ReadonlyMap<number, FileStat>,
): Uint8Array {
  const { bytes, view } = startFrame(PROGRESS, nowMs, 4 + pieces.length * 4 + 4 + stats.size * STAT_LENGTH);
  let at = FRAME_HEADER_LENGTH + 9;
  view.setUint32(at, pieces.length);
  at += 4;
  for (const piece of pieces) {
    view.setUint32(at, piece);
    at += 4;
  }
  writeStats(view, at, stats);
  return finishFrame(bytes, seed);
}

/** Everything: replaces what the frames before it say. */
export function encodeSnapshot(
  seed: number,
  nowMs: number,
  have: Bitfield,
  stats: ReadonlyMap<number, FileStat>,
): Uint8Array {
  const field = have.toBytes();
  const { bytes, view } = startFrame(SNAPSHOT, nowMs, 4 + field.length + 4 + stats.size * STAT_LENGTH);
  const at = FRAME_HEADER_LENGTH + 9;
  view.setUint32(at, field.length);
  bytes.set(field, at + 4);
  writeStats(view, at + 4 + field.length, stats);
  return finishFrame(bytes, seed);
}

/** All files are as the journal says. */
export function encodeClean(seed: number, nowMs: number): Uint8Array {
  return finishFrame(startFrame(CLEAN, nowMs, 0).bytes, seed);
}

/** Files are about to be written: from here on a stop is not clean. */
export function encodeOpened(seed: number, nowMs: number): Uint8Array {
  return finishFrame(startFrame(OPENED, nowMs, 0).bytes, seed);
}

/** Where files lie that do not lie where the torrent says. Replaces what was said of that before. */
export function encodePlacesFrame(seed: number, nowMs: number, places: FilePlaces): Uint8Array {
  const body = encodePlaces(places);
  const { bytes } = startFrame(PLACES, nowMs, body.length);
  bytes.set(body, FRAME_HEADER_LENGTH + 9);
  return finishFrame(bytes, seed);
}

/** CRC of a whole encoded frame: the seed of the next one. */
export function frameCrc(frame: Uint8Array): number {
  return viewOf(frame).getUint32(4);
}

/**
 * What the journal says, up to the first damage: a torn or altered tail is cut off there. `undefined` when the header
 * is damaged, of another version or of another torrent. Never throws, whatever the bytes are.
 */
export function decodeJournal(bytes: Uint8Array, identity: JournalIdentity): JournalState | undefined {
  const header = encodeJournalHeader(identity);
  if (!bytesEqual(bytes.subarray(0, JOURNAL_HEADER_LENGTH), header)) return undefined;
  const view = viewOf(bytes);
  const replay = new Replay(identity);
  let at = JOURNAL_HEADER_LENGTH;
  let lastCrc = journalHeaderCrc(header);
  while (at + FRAME_HEADER_LENGTH <= bytes.length) {
    const end = at + FRAME_HEADER_LENGTH + view.getUint32(at);
    if (end > bytes.length) break;
    const crc = view.getUint32(at + 4);
    if (crcOfFrame(bytes.subarray(at, end), lastCrc) !== crc) break;
    if (!replay.apply(bytes.subarray(at + FRAME_HEADER_LENGTH, end))) break;
    lastCrc = crc;
    at = end;
  }
  const { have, stats, places, clean, lastWriteMs } = replay;
  return { have, stats, places, clean: clean && at === bytes.length, lastWriteMs, validLength: at, lastCrc };
}

class Replay {
  have: Bitfield;
  readonly stats = new Map<number, FileStat>();
  places: FilePlaces = NO_PLACES;
  clean = false;
  lastWriteMs = 0;
  readonly #identity: JournalIdentity;

  constructor(identity: JournalIdentity) {
    this.#identity = identity;
    this.have = new Bitfield(identity.pieceCount);
  }

  /** Applies a payload whose CRC was right; false when it still makes no sense. */
  apply(payload: Uint8Array): boolean {
    if (payload.length < 9) return false;
    const view = viewOf(payload);
    const kind = payload[0]!;
    const isApplied =
      kind === PROGRESS
        ? this.#applyProgress(view)
        : kind === SNAPSHOT
          ? this.#applySnapshot(payload, view)
          : kind === PLACES
            ? this.#applyPlaces(payload)
            : (kind === CLEAN || kind === OPENED) && payload.length === 9;
    if (!isApplied) return false;
    this.clean = kind === CLEAN;
    this.lastWriteMs = view.getFloat64(1);
    return true;
  }

  #applyProgress(view: DataView): boolean {
    if (view.byteLength < 17) return false;
    const pieceCount = view.getUint32(9);
    const statsAt = 13 + pieceCount * 4;
    if (!this.#areStats(view, statsAt)) return false;
    for (let at = 13; at < statsAt; at += 4) if (view.getUint32(at) >= this.have.length) return false;
    for (let at = 13; at < statsAt; at += 4) this.have.set(view.getUint32(at));
    this.#readStats(view, statsAt);
    return true;
  }

  #applySnapshot(payload: Uint8Array, view: DataView): boolean {
    if (view.byteLength < 17) return false;
    const statsAt = 13 + view.getUint32(9);
    if (!this.#areStats(view, statsAt)) return false;
    const field = Bitfield.fromBytes(payload.subarray(13, statsAt), this.have.length);
    if (field === undefined) return false;
    this.have = field;
    this.stats.clear();
    this.#readStats(view, statsAt);
    return true;
  }

  #applyPlaces(payload: Uint8Array): boolean {
    const places = decodePlaces(payload.subarray(9), this.#identity.fileCount);
    if (places !== undefined) this.places = places;
    return places !== undefined;
  }

  #areStats(view: DataView, at: number): boolean {
    if (at + 4 > view.byteLength || at + 4 + view.getUint32(at) * STAT_LENGTH !== view.byteLength)
      return false;
    for (let next = at + 4; next < view.byteLength; next += STAT_LENGTH) {
      if (view.getUint32(next) > this.#identity.fileCount) return false;
    }
    return true;
  }

  #readStats(view: DataView, at: number): void {
    for (let next = at + 4; next < view.byteLength; next += STAT_LENGTH) {
      this.stats.set(view.getUint32(next), {
        length: getUint53(view, next + 4),
        modifiedMs: view.getFloat64(next + 12),
        inode: view.getFloat64(next + 20),
      });
    }
  }
}

function startFrame(kind: number, nowMs: number, bodyLength: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(FRAME_HEADER_LENGTH + 9 + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 9 + bodyLength);
  bytes[FRAME_HEADER_LENGTH] = kind;
  view.setFloat64(FRAME_HEADER_LENGTH + 1, nowMs);
  return { bytes, view };
}

function finishFrame(bytes: Uint8Array, seed: number): Uint8Array {
  viewOf(bytes).setUint32(4, crcOfFrame(bytes, seed));
  return bytes;
}

/** Each frame's CRC continues the one before, so that frames cannot be swapped, left out or taken from elsewhere. */
function crcOfFrame(frame: Uint8Array, seed: number): number {
  return crc32(frame.subarray(FRAME_HEADER_LENGTH), crc32(frame.subarray(0, 4), seed));
}

function writeStats(view: DataView, start: number, stats: ReadonlyMap<number, FileStat>): void {
  let at = start;
  view.setUint32(at, stats.size);
  at += 4;
  for (const [fileIndex, { length, modifiedMs, inode }] of stats) {
    view.setUint32(at, fileIndex);
    setUint53(view, at + 4, length);
    view.setFloat64(at + 12, modifiedMs);
    view.setFloat64(at + 20, inode);
    at += STAT_LENGTH;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value % 2 ** 32);
}

function getUint53(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}
