import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Cases made by others; they are no part of the repository, see its place in the tests' names when it is missing. */
const FOLDER = fileURLToPath(new URL("../../../../../shared/corpus/", import.meta.url));
export const hasCorpus: boolean = existsSync(`${FOLDER}MANIFEST.json`);

export interface CorpusCase {
  readonly id: string;
  readonly kind: string;
  readonly op?: string;
  readonly input: {
    readonly text?: string;
    readonly hex?: string;
    readonly file?: string;
    readonly params?: Readonly<Record<string, string>>;
  };
  readonly expect: {
    readonly class: string;
    readonly facts?: Readonly<Record<string, unknown>>;
    readonly output?: Readonly<Record<string, unknown>>;
    readonly if_accepted?: Readonly<Record<string, unknown>>;
    readonly as?: string;
  };
}

export function corpusCases(kind: string): CorpusCase[] {
  if (!hasCorpus) return [];
  const manifest = JSON.parse(readFileSync(`${FOLDER}MANIFEST.json`, "utf8")) as { cases: CorpusCase[] };
  return manifest.cases.filter((each) => each.kind === kind);
}

export function inputBytes({ input: { text, hex, file } }: CorpusCase): Uint8Array {
  if (text !== undefined) return new TextEncoder().encode(text);
  if (hex !== undefined) return Uint8Array.from(Buffer.from(hex, "hex"));
  if (file !== undefined) return Uint8Array.from(readFileSync(`${FOLDER}${file}`));
  throw new Error("a case without bytes");
}
