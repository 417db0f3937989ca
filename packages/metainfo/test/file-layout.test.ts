import { PieceLayout } from "@bt/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileLayout, type FileSpan, type LayoutFile } from "@bt/metainfo";

/** Files of up to 40 bytes, sometimes with gaps, sometimes empty, cut into pieces of 1 to 20 bytes. */
const anyLayout = fc
  .record({
    sizes: fc.array(fc.tuple(fc.nat(40), fc.oneof(fc.constant(0), fc.nat(10))), {
      minLength: 1,
      maxLength: 12,
    }),
    pieceLength: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ sizes, pieceLength }) => {
    let end = 0;
    const files: LayoutFile[] = sizes.map(([length, gap]) => {
      const offset = end + gap;
      end = offset + length;
      return { offset, length };
    });
    return new FileLayout(new PieceLayout({ pieceLength, totalLength: end }), files);
  });

/** The same, byte by byte. */
function naiveSpans({ files }: FileLayout, offset: number, length: number): FileSpan[] {
  const spans: FileSpan[] = [];
  for (const [fileIndex, file] of files.entries()) {
    const inside: number[] = [];
    for (let at = offset; at < offset + length; at++)
      if (at >= file.offset && at < file.offset + file.length) inside.push(at - file.offset);
    if (inside.length > 0) spans.push({ fileIndex, fileOffset: inside[0]!, length: inside.length });
  }
  return spans;
}

describe("FileLayout", () => {
  it("cuts any range at the files' borders", () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(200), fc.nat(100), (layout, offset, length) => {
        expect(layout.spansOf(offset, length)).toEqual(naiveSpans(layout, offset, length));
      }),
      { numRuns: 1000 },
    );
  });

  it("knows which files lie in a piece and which pieces in a file", () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        const { pieces, files } = layout;
        for (let piece = 0; piece < pieces.pieceCount; piece++) {
          const spans = naiveSpans(layout, pieces.offsetOf(piece), pieces.pieceLengthAt(piece));
          expect(layout.filesOfPiece(piece)).toEqual(spans.map(({ fileIndex }) => fileIndex));
        }
        for (const index of files.keys()) {
          const { first, end } = layout.piecesOfFile(index);
          for (let piece = 0; piece < pieces.pieceCount; piece++)
            expect(layout.filesOfPiece(piece).includes(index)).toBe(piece >= first && piece < end);
        }
      }),
    );
  });

  it("refuses files that overlap or end after the torrent", () => {
    const pieces = new PieceLayout({ pieceLength: 10, totalLength: 20 });
    expect(
      () =>
        new FileLayout(pieces, [
          { offset: 0, length: 5 },
          { offset: 4, length: 5 },
        ]),
    ).toThrow(RangeError);
    expect(() => new FileLayout(pieces, [{ offset: 15, length: 6 }])).toThrow(RangeError);
    expect(() => new FileLayout(pieces, []).piecesOfFile(0)).toThrow(RangeError);
  });
});
