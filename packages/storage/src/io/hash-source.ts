/** Files that lie one behind the other in piece space: what a hash worker is told of them. */
export interface HashSource {
  /** Bytes of a piece. */
  readonly pieceLength: number;
  readonly totalLength: number;
  /** Absolute paths; "" stands for zeros (a pad file). */
  readonly paths: readonly string[];
  /** Torrent offset of each file, rising. */
  readonly offsets: Float64Array;
  /** Bytes of each file; none is 0. */
  readonly lengths: Float64Array;
  /** A file that is missing or has another length is an error, and links are followed: for making a torrent. */
  readonly strict: boolean;
  /**
   * - sha1: over pieces that run on from file to file (BEP 3), 20 bytes
   * - merkle: roots of pieces each of which lies in one file (BEP 52), 32 bytes
   * - both: of such a piece the SHA-1, over the zeros too that fill it, and then the root, 52 bytes: for hybrids
   */
  readonly digest: "sha1" | "merkle" | "both";
}

/** Builds the tables; empty files hold no piece and are left out. */
export function createHashSource(
  files: Iterable<{ readonly path: string; readonly length: number; readonly offset: number }>,
  options: Pick<HashSource, "pieceLength" | "totalLength" | "strict" | "digest">,
): HashSource {
  const paths: string[] = [];
  const offsets: number[] = [];
  const lengths: number[] = [];
  for (const { path, length, offset } of files) {
    if (length === 0) continue;
    paths.push(path);
    offsets.push(offset);
    lengths.push(length);
  }
  return { ...options, paths, offsets: Float64Array.from(offsets), lengths: Float64Array.from(lengths) };
}
