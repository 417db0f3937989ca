import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

/** Cases that others made, kept beside the repository: see the README there. Without that folder they are not run. */
const folder = join(import.meta.dirname, "../../../../shared/corpus");

export const hasCorpus: boolean = existsSync(join(folder, "MANIFEST.json"));

export type Facts = Readonly<Record<string, unknown>>;

export interface CorpusCase {
  readonly id: string;
  readonly kind: string;
  readonly input: Readonly<Record<string, unknown>> & { readonly params?: Facts };
  readonly expect: {
    readonly class: string;
    readonly recommended?: string;
    readonly facts?: Facts;
    readonly if_accepted?: Facts;
    readonly output?: Facts;
  };
}

interface Expander {
  bytesOf(input: unknown, root: string): Uint8Array;
  loadManifest(path: string): { root: string; cases: CorpusCase[] };
}

const expander = hasCorpus
  ? ((await import(/* @vite-ignore */ pathToFileURL(join(folder, "expand.mjs")).href)) as Expander)
  : undefined;
const manifest = expander?.loadManifest(join(folder, "MANIFEST.json"));

export function casesOf(kind: string): CorpusCase[] {
  return manifest?.cases.filter((testCase) => testCase.kind === kind) ?? [];
}

export function bytesOf(testCase: CorpusCase): Uint8Array {
  return expander!.bytesOf(testCase.input, folder);
}

/** A byte form of the corpus that is no case's input. */
export function expand(form: unknown): Uint8Array {
  return expander!.bytesOf(form, folder);
}
