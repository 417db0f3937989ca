import type { HashSource } from "./hash-source.ts";

/** The pieces of one source, read and hashed in blocking calls. It keeps a few files open until `close`. */
export declare class PieceHasher {
  constructor(source: HashSource);
  /** The digests of `count` pieces, one after the other, and for each whether its bytes were all there. */
  hashPieces(first: number, count: number): { digests: Uint8Array; isHashed: Uint8Array };
  close(): void;
}

/** SHA-1, or with `treeWidth` above 0 the root of the merkle tree over 16 KiB blocks that is so many leaves wide. */
export declare function hashBytes(bytes: Uint8Array, treeWidth: number): Uint8Array<ArrayBuffer>;
