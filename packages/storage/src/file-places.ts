/** Where files lie when that is not where the torrent says. */
export interface FilePlaces {
  /** Files whose shared pieces are in the part file, by index. */
  readonly parted: ReadonlySet<number>;
  /** Files that were there before us and that nothing proves to belong to the torrent. */
  readonly foreign: ReadonlySet<number>;
  /** New paths below the download folder, by file index. */
  readonly renames: ReadonlyMap<number, readonly string[]>;
}

export const NO_PLACES: FilePlaces = Object.freeze({
  parted: new Set<number>(),
  foreign: new Set<number>(),
  renames: new Map(),
});

/** Longer paths are not read from a journal, bytes; Linux has 4,096. */
const MAX_PATH_LENGTH = 16_384;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Twice u32 count, u32 indices; u32 count, of each renamed file u32 index, u16 length, its path in UTF-8 with "/" between. */
export function encodePlaces({ parted, foreign, renames }: FilePlaces): Uint8Array {
  const paths = Array.from(renames, ([index, path]) => [index, encoder.encode(path.join("/"))] as const);
  const length =
    12 + (parted.size + foreign.size) * 4 + paths.reduce((sum, [, path]) => sum + 6 + path.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const write32 = (value: number): void => {
    view.setUint32(at, value);
    at += 4;
  };
  for (const indices of [parted, foreign]) {
    write32(indices.size);
    for (const index of indices) write32(index);
  }
  write32(paths.length);
  for (const [index, path] of paths) {
    write32(index);
    view.setUint16(at, path.length);
    bytes.set(path, at + 2);
    at += 2 + path.length;
  }
  return bytes;
}

/** The reverse; `undefined` when it makes no sense. Whether a path is safe is looked at when it is used. */
export function decodePlaces(bytes: Uint8Array, fileCount: number): FilePlaces | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parted = new Set<number>();
  const foreign = new Set<number>();
  let at = 0;
  for (const indices of [parted, foreign]) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + view.getUint32(at) * 4;
    if (end > bytes.length) return undefined;
    for (at += 4; at < end; at += 4) {
      const index = view.getUint32(at);
      if (index >= fileCount) return undefined;
      indices.add(index);
    }
  }
  const renames = new Map<number, readonly string[]>();
  if (at + 4 > bytes.length) return undefined;
  at += 4;
  for (let rest = view.getUint32(at - 4); rest > 0; rest--) {
    if (at + 6 > bytes.length) return undefined;
    const index = view.getUint32(at);
    const length = view.getUint16(at + 4);
    const end = at + 6 + length;
    if (index >= fileCount || length > MAX_PATH_LENGTH || end > bytes.length) return undefined;
    try {
      renames.set(index, decoder.decode(bytes.subarray(at + 6, end)).split("/"));
    } catch {
      return undefined;
    }
    at = end;
  }
  return at === bytes.length ? { parted, foreign, renames } : undefined;
}
