import type { Metainfo } from "@bt/metainfo";
import { usageFailure } from "../failure.ts";

/** One part of a `--select` list. */
export type SelectPart =
  | { readonly kind: "numbers"; readonly text: string; readonly first: number; readonly last: number }
  | { readonly kind: "path"; readonly text: string; readonly pattern: RegExp };

/**
 * `1,3-5,*.mkv,extras`: numbers from 1 as `--list` shows them, ranges of them, names and folders, patterns with `*`
 * (not across `/`), `**` and `?`. A comma in a name is written `\\,`.
 */
export function parseSelectList(text: string): readonly SelectPart[] {
  const parts = text
    .split(/(?<!\\),/)
    .map((part) => part.replaceAll("\\,", ",").trim())
    .filter((part) => part !== "");
  if (parts.length === 0) throw usageFailure("an empty list selects nothing; see the numbers with --list");
  return parts.map((part) => {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) return { kind: "path", text: part, pattern: patternOf(part) };
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (first < 1 || last < first)
      throw usageFailure(`"${part}" is no range of file numbers; they begin at 1`);
    return { kind: "numbers", text: part, first, last };
  });
}

/**
 * The indices of the files that the parts choose, pad files left out.
 *
 * @throws Failure (usage) when a part fits no file of the torrent.
 */
export function selectFiles(parts: readonly SelectPart[], metainfo: Metainfo): Set<number> {
  const selected = new Set<number>();
  for (const part of parts) {
    let isUsed = false;
    for (const [index, file] of metainfo.files.entries()) {
      if (file.pad || !isChosen(part, index, file.path, metainfo.isMultiFile)) continue;
      selected.add(index);
      isUsed = true;
    }
    if (!isUsed) throw usageFailure(`"${part.text}" fits no file of ${metainfo.name}; see them with --list`);
  }
  return selected;
}

function isChosen(part: SelectPart, index: number, path: readonly string[], isMultiFile: boolean): boolean {
  if (part.kind === "numbers") return index + 1 >= part.first && index + 1 <= part.last;
  // With the torrent's folder or without it, or only the file's name; a folder stands for all that is in it.
  const full = path.join("/");
  const inside = isMultiFile ? path.slice(1).join("/") : full;
  return [full, inside, path.at(-1)!].some((text) => part.pattern.test(text));
}

function patternOf(part: string): RegExp {
  const source = part
    .replace(/\/+$/, "")
    .replace(/\*\*|[*?]|[^\w\s]/g, (found) =>
      found === "**" ? ".*" : found === "*" ? "[^/]*" : found === "?" ? "[^/]" : `\\${found}`,
    );
  return new RegExp(`^${source}(?:/.*)?$`, "s");
}
