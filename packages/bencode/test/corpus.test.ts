import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { BencodeError, decode, encode, type BencodeValue, type Encodable } from "@bt/bencode";
import { latin1, plain, type Plain } from "./plain.ts";

/** Cases that others made, kept beside the repository. */
const folder = join(import.meta.dirname, "../../../../shared/corpus");
const hasCorpus = existsSync(join(folder, "MANIFEST.json"));

type Typed =
  | { readonly i: string }
  | { readonly s: string }
  | { readonly h: string }
  | { readonly l: readonly Typed[] }
  | { readonly d: readonly (readonly [Typed, Typed])[] };

interface CorpusCase {
  readonly id: string;
  readonly kind: string;
  readonly input: { readonly value?: Typed };
  readonly expect: {
    readonly class: string;
    readonly facts?: { readonly value: Typed; readonly reencodes_to?: string };
    readonly if_accepted?: { readonly value: Typed };
    readonly recommended?: string;
    readonly output?: unknown;
  };
}

interface Expander {
  bytesOf(input: unknown, root: string): Uint8Array;
  loadManifest(path: string): { cases: CorpusCase[] };
}

const expander = hasCorpus
  ? ((await import(/* @vite-ignore */ pathToFileURL(join(folder, "expand.mjs")).href)) as Expander)
  : undefined;
const cases = expander?.loadManifest(join(folder, "MANIFEST.json")).cases ?? [];

it.runIf(!hasCorpus)("bencode cases are not run: the corpus folder is absent", () => {
  expect(cases).toEqual([]);
});

describe.runIf(hasCorpus)("corpus: bencode", () => {
  for (const { id, input, expect: expected } of cases.filter(({ kind }) => kind === "bencode")) {
    for (const tolerant of [false, true]) {
      it(`${id} (${tolerant ? "tolerant" : "strict"})`, () => {
        const source = expander!.bytesOf(input, folder);
        let value: BencodeValue;
        try {
          value = decode(source, { tolerant });
        } catch (error) {
          expect(error).toBeInstanceOf(BencodeError);
          expect(expected.class).not.toBe("accept");
          if (!tolerant) expect(expected.recommended ?? "reject").toBe("reject");
          return;
        }
        expect(expected.class).not.toBe("reject");
        // What is not canonical is refused, and only that.
        if (!tolerant && source.length < 1000) expect(latin1(encode(value))).toBe(latin1(source));
        const facts = expected.facts ?? expected.if_accepted;
        if (facts !== undefined) expect(plain(value)).toEqual(plainTyped(facts.value));
      });
    }
  }
});

describe.runIf(hasCorpus)("corpus: bencode-encode", () => {
  for (const { id, input, expect: expected } of cases.filter(({ kind }) => kind === "bencode-encode")) {
    it(id, () => {
      expect(latin1(encode(encodable(input.value!)))).toBe(
        latin1(expander!.bytesOf(expected.output, folder)),
      );
    });
  }
});

function encodable(value: Typed): Encodable {
  if ("i" in value) return BigInt(value.i);
  if ("s" in value) return value.s;
  if ("h" in value) return Buffer.from(value.h, "hex");
  if ("l" in value) return value.l.map(encodable);
  return new Map(value.d.map(([key, item]) => [encodable(key) as string | Uint8Array, encodable(item)]));
}

function plainTyped(value: Typed): Plain {
  if ("i" in value) return `i${value.i}`;
  if ("s" in value) return `s${latin1(Buffer.from(value.s))}`;
  if ("h" in value) return `s${latin1(Buffer.from(value.h, "hex"))}`;
  if ("l" in value) return value.l.map(plainTyped);
  return {
    pairs: value.d.map(([key, item]) => [(plainTyped(key) as string).slice(1), plainTyped(item)] as const),
  };
}
