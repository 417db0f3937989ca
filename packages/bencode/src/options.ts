/** Lists and dictionaries inside one another, at most: as deep as recursion goes safely on every runtime's stack. */
export const MAX_DEPTH = 1000;

/** What `decode` takes. */
export interface DecodeOptions {
  /** Lists and dictionaries inside one another; 100 by default, as in libtorrent, and never more than MAX_DEPTH. */
  readonly maxDepth?: number;
  /**
   * Values and keys in all; 3,000,000 by default, as in libtorrent. Each list and dictionary takes 12 bytes while
   * decoded, and up to twice that while it is checked; strings and integers take none beside the input.
   */
  readonly maxValueCount?: number;
  /** Digits of one integer; 10,000 by default. BEP 3 sets no limit, but reading n digits costs more than n. */
  readonly maxDigitCount?: number;
  /**
   * Takes what old trackers and clients send and others read: unsorted keys, leading zeros, `i-0e`, bytes after the
   * value. Of a key that stands twice, `get` finds the first. Default false: only what BEP 3 allows, so that every value
   * has exactly one encoding.
   */
  readonly tolerant?: boolean;
}

/** What `decode` does without options. */
export const DEFAULT_DECODE_OPTIONS: Required<DecodeOptions> = /* @__PURE__ */ Object.freeze({
  maxDepth: 100,
  maxValueCount: 3_000_000,
  maxDigitCount: 10_000,
  tolerant: false,
});
