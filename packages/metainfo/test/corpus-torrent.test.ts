import { describe, expect, it } from "vitest";
import { MetainfoError, parseTorrent, type Metainfo } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { bytesOf, casesOf, hasCorpus, type Facts } from "./corpus.ts";

it.runIf(!hasCorpus)("torrent cases are not run: the corpus folder is absent", () => {
  expect(hasCorpus).toBe(false);
});

describe.runIf(hasCorpus)("corpus: torrent", () => {
  for (const testCase of casesOf("torrent")) {
    it(testCase.id, () => {
      const bytes = bytesOf(testCase);
      const { expect: expected } = testCase;
      let torrent: Metainfo | undefined;
      let failure: unknown;
      try {
        torrent = parseTorrent(bytes);
      } catch (error) {
        failure = error;
      }
      if (torrent === undefined) {
        expect(failure).toBeInstanceOf(MetainfoError);
        expect(expected.class, String(failure)).not.toBe("accept");
        expect(expected.recommended ?? "reject", String(failure)).toBe("reject");
        return;
      }
      expect(expected.class).not.toBe("reject");
      expectSafe(torrent);
      const facts = expected.facts ?? expected.if_accepted;
      if (facts !== undefined) expectFacts(torrent, facts);
    });
  }
});

/** Whatever a torrent says, its paths and links stay below the folder, and no two of them meet. */
function expectSafe(torrent: Metainfo): void {
  const seen = new Set<string>();
  const directories = new Set<string>();
  for (const file of torrent.files) {
    for (const path of [file.path, ...(file.symlink ? [file.symlink] : [])]) {
      expect(path.length).toBeGreaterThan(0);

      for (const element of path) expect(element).toMatch(/^(?!\.{1,2}$)[^/\\\u0000-\u001f\u007f-\u009f]+$/);
      if (torrent.isMultiFile) expect(path[0]).toBe(torrent.name);
    }
    if (file.pad) continue;
    const joined = file.path.join("/").toLowerCase();
    expect(seen.has(joined), joined).toBe(false);
    seen.add(joined);
    for (let i = 1; i < file.path.length; i++) directories.add(file.path.slice(0, i).join("/").toLowerCase());
  }
  for (const directory of directories) expect(seen.has(directory), directory).toBe(false);
}

function expectFacts(torrent: Metainfo, facts: Facts): void {
  const hex = (bytes: Uint8Array | undefined): string | null => (bytes ? formatHex(bytes) : null);
  const read: Record<string, (wanted: unknown) => unknown> = {
    infohash_v1: () => hex(torrent.infoHash),
    infohash_v2: () => hex(torrent.infoHashV2),
    name: () => torrent.name,
    piece_length: () => torrent.pieceLength,
    piece_count: () => torrent.pieceCount,
    file_count: () => torrent.files.length,
    total_size: () => torrent.totalLength,
    payload_size: () => torrent.payloadLength,
    private: () => torrent.private,
    comment: () => torrent.comment,
    created_by: () => torrent.createdBy,
    creation_date: () => torrent.creationDate,
    collections: () => torrent.collections,
    similar: () => torrent.similar.map(formatHex),
    nodes: () => torrent.nodes.map(({ host, port }) => [host, port]),
    meta_version: () => (torrent.version === "v1" ? undefined : 2),
    // The corpus lists what is stored; an empty string is no web seed.
    web_seeds_raw: () => torrent.webSeeds,
    http_seeds_raw: () => torrent.httpSeeds,
    trackers: () => torrent.trackers.map((tier) => tier.toSorted()),
    files: (wanted) =>
      (wanted as FileFact[]).map((fact, i) => {
        const file = torrent.files[i];
        return {
          ...("attr" in fact && { attr: fact.attr }),
          length: file?.length,
          ...("path" in fact && { path: file?.path.join("/") }),
          ...("pad" in fact && { pad: file?.pad }),
          ...("pieces_root" in fact && { pieces_root: hex(file?.piecesRoot) }),
          ...("symlink" in fact && { symlink: file?.symlink }),
          ...("sha1" in fact && { sha1: hex(file?.sha1) }),
        };
      }),
    v2_files: () =>
      torrent.files
        .filter((file) => !file.pad)
        .map(({ path, length, piecesRoot }) => ({
          path: path.slice(torrent.isMultiFile ? 1 : 0).join("/"),
          length,
          ...(piecesRoot && { pieces_root: formatHex(piecesRoot) }),
        })),
  };
  for (const [key, wanted] of Object.entries(facts)) {
    if (key === "must") continue;
    const reader = read[key];
    if (reader === undefined) throw new Error(`no reader for the fact ${key}`);
    let value: unknown = wanted;
    if (key.endsWith("_raw")) value = (wanted as string[]).filter((url) => url !== "");
    if (key === "trackers") value = (wanted as string[][]).map((tier) => tier.toSorted());
    expect(reader(wanted), key).toEqual(value);
  }
}

interface FileFact {
  readonly length: number;
  readonly path?: string;
  readonly pad?: boolean;
  readonly attr?: string;
  readonly pieces_root?: string;
}
