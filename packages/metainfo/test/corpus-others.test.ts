import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BLOCK_LENGTH, formatHex, parseHex, PieceLayout } from "@bt/primitives";
import {
  cleanPath,
  merklePadRoot,
  merkleRoot,
  MetainfoError,
  parseFileSelection,
  parseMagnet,
  toMagnet,
  type Magnet,
} from "@bt/metainfo";
import { bytesOf, casesOf, expand, hasCorpus, type CorpusCase, type Facts } from "./corpus.ts";

const hex = (text: unknown): Uint8Array => parseHex(text as string)!;
const join = (hashes: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(hashes));

describe.runIf(hasCorpus)("corpus: magnet", () => {
  for (const testCase of casesOf("magnet")) {
    it(testCase.id, () => {
      const { expect: expected } = testCase;
      const uri = new TextDecoder().decode(bytesOf(testCase));
      let magnet: Magnet | undefined;
      try {
        magnet = parseMagnet(uri);
      } catch (error) {
        expect(error).toBeInstanceOf(MetainfoError);
        expect(expected.class).not.toBe("accept");
        expect(expected.recommended ?? "reject").toBe("reject");
        return;
      }
      expect(expected.class).not.toBe("reject");
      expectMagnet(magnet, (expected.facts ?? expected.if_accepted)!);
    });
  }
});

function expectMagnet(magnet: Magnet, facts: Facts): void {
  const hash = (bytes: Uint8Array | undefined): string | null => (bytes ? formatHex(bytes) : null);
  const address = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
  const trackers = magnet.trackers.flat();
  for (const [key, wanted] of Object.entries(facts)) {
    if (key === "infohash_v1") expect(hash(magnet.infoHash)).toBe(wanted);
    else if (key === "infohash_v2") expect(hash(magnet.infoHashV2)).toBe(wanted);
    else if (key === "name") expect(magnet.name).toBe(wanted);
    else if (key === "trackers") expect(trackers.toSorted()).toEqual((wanted as string[]).toSorted());
    else if (key === "tracker_tiers") expect(magnet.trackers.map((_, tier) => tier)).toEqual(wanted);
    else if (key === "trackers_include") expect(trackers).toEqual(expect.arrayContaining(wanted as string[]));
    else if (key === "trackers_exclude")
      for (const url of wanted as string[]) expect(trackers).not.toContain(url);
    else if (key === "web_seeds") expect(magnet.webSeeds).toEqual(wanted);
    else if (key === "peers") expect(magnet.peers.map(address)).toEqual(wanted);
    else if (key === "dht_nodes") expect(magnet.nodes.map(({ host, port }) => [host, port])).toEqual(wanted);
    else if (key === "select_only") expect(magnet.select).toEqual(wanted);
    else throw new Error(`no reader for the fact ${key}`);
  }
}

describe.runIf(hasCorpus)("corpus: magnet-make", () => {
  for (const testCase of casesOf("magnet-make")) {
    it(testCase.id, () => {
      const { infohash_v1, infohash_v2, peers, select_only, ...rest } = testCase.input.params as {
        readonly [key: string]: unknown;
        readonly peers?: string[];
        readonly select_only?: number[];
      };
      expect(rest).toEqual({});
      const uri = toMagnet({
        ...(infohash_v1 !== undefined && { infoHash: hex(infohash_v1) }),
        ...(infohash_v2 !== undefined && { infoHashV2: hex(infohash_v2) }),
        ...(peers && {
          peers: peers.map((peer) => ({
            host: peer.slice(0, peer.lastIndexOf(":")),
            port: Number(peer.slice(peer.lastIndexOf(":") + 1)),
          })),
        }),
        ...(select_only && { select: select_only }),
      });
      const parameters = (text: string): string[] => text.slice("magnet:?".length).split("&").toSorted();
      expect(parameters(uri)).toEqual(parameters(new TextDecoder().decode(expand(testCase.expect.output))));
      expect(parseFileSelection(select_only ? [select_only.join()] : [])).toEqual(select_only ?? []);
    });
  }
});

describe.runIf(hasCorpus)("corpus: path-sanitize", () => {
  for (const testCase of casesOf("path-sanitize")) {
    for (const fileNames of ["portable", "posix"] as const) {
      it(`${testCase.id} (${fileNames})`, () => {
        expect(testCase.expect.class).toBe("safe");
        const elements = testCase.input.params!["path_elements_hex"] as string[];
        const path = cleanPath(elements.map(hex), fileNames);
        expect(path.length).toBeGreaterThan(0);

        for (const element of path)
          expect(element).toMatch(/^(?!\.{1,2}$)[^/\\\u0000-\u001f\u007f-\u009f]{1,255}$/);
      });
    }
  }
});

describe.runIf(hasCorpus)("corpus: piece-math", () => {
  for (const testCase of casesOf("piece-math")) {
    it(testCase.id, () => {
      const params = testCase.input.params as {
        piece_length: number;
        file_lengths?: number[];
        total_size?: number;
        byte?: number;
      };
      const totalLength = params.total_size ?? params.file_lengths!.reduce((sum, length) => sum + length, 0);
      const layout = new PieceLayout({ pieceLength: params.piece_length, totalLength });
      const byte = params.byte ?? 0;
      const known: Facts = {
        pieces: layout.pieceCount,
        piece: Math.floor(byte / layout.pieceLength),
        piece_offset: byte % layout.pieceLength,
        block: Math.floor((byte % layout.pieceLength) / BLOCK_LENGTH),
        block_offset: (byte % layout.pieceLength) % BLOCK_LENGTH,
        blocks_in_piece: layout.blocksPerPiece,
        last_piece_size: layout.pieceLengthAt(layout.pieceCount - 1),
      };
      expect(known).toMatchObject(testCase.expect.output!);
    });
  }
});

describe.runIf(hasCorpus)("corpus: merkle-vector", () => {
  for (const testCase of casesOf("merkle-vector")) {
    it(testCase.id, () => {
      const output = testCase.expect.output as { root?: string; pieces_root?: string };
      expect(formatHex(merkleRootOf(testCase))).toBe(output.root ?? output.pieces_root);
    });
  }
});

function merkleRootOf({ input }: CorpusCase): Uint8Array {
  const params = input.params as {
    leaf_count?: number;
    pad_hash?: string;
    leaves_hex?: string[];
    piece_length?: number;
    piece_layer_hex?: string[];
    length?: number;
  };
  const sha256 = (data: string | Uint8Array): Uint8Array => createHash("sha256").update(data).digest();
  if (params.piece_layer_hex !== undefined)
    return merkleRoot(join(params.piece_layer_hex.map(hex)), {
      pad: merklePadRoot(params.piece_length! / BLOCK_LENGTH),
    });
  if (params.leaves_hex !== undefined) return merkleRoot(join(params.leaves_hex.map(hex)));
  if (params.leaf_count !== undefined) {
    const leaves = Array.from({ length: params.leaf_count }, (_, i) => sha256(`leaf-${i}`));
    return merkleRoot(join(leaves), params.pad_hash === undefined ? {} : { pad: hex(params.pad_hash) });
  }
  // "byte i is (i*31) mod 256"
  const file = Uint8Array.from({ length: params.length! }, (_, i) => (i * 31) % 256);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += BLOCK_LENGTH)
    blocks.push(sha256(file.subarray(at, at + BLOCK_LENGTH)));
  return merkleRoot(join(blocks));
}
