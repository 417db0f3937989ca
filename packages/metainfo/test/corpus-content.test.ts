import { createHash } from "node:crypto";
import { formatHex } from "@bt/primitives";
import { describe, expect, it } from "vitest";
import { parseTorrent } from "@bt/metainfo";
import { casesOf, expand, hasCorpus } from "./corpus.ts";

describe.runIf(hasCorpus)("corpus: content", () => {
  for (const { id, input, expect: expected } of casesOf("content")) {
    it(id, () => {
      const torrent = parseTorrent(expand(input["torrent"]));
      expect(formatHex(torrent.infoHash!)).toBe(expected.facts!["infohash_v1"]);
      expect(torrent.pieceCount).toBe(expected.facts!["piece_count"]);
      const stored = new Map(
        (input["files"] as { path: string; stored: unknown }[]).map((file) => [
          file.path,
          expand(file.stored),
        ]),
      );
      const contents = torrent.files.map(({ path }) => stored.get(path.join("/"))!);
      const failures = (): number[] =>
        Array.from({ length: torrent.pieceCount }, (_, piece) => piece).filter((piece) => {
          const { pieces } = torrent.layout;
          const hash = createHash("sha1");
          for (const { fileIndex, fileOffset, length } of torrent.layout.spansOf(
            pieces.offsetOf(piece),
            pieces.pieceLengthAt(piece),
          ))
            hash.update(contents[fileIndex]!.subarray(fileOffset, fileOffset + length));
          return hash.digest("hex") !== formatHex(torrent.pieceHash(piece));
        });
      expect(failures()).toEqual([]);
      for (const [index, file] of torrent.files.entries()) {
        contents[index] = Uint8Array.from(contents[index]!);
        contents[index]![file.length - 1]! ^= 1;
        expect(failures()).toEqual([Math.floor((file.offset + file.length - 1) / torrent.pieceLength)]);
        contents[index]![file.length - 1]! ^= 1;
      }
    });
  }
});
