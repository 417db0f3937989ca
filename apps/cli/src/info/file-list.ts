import type { Metainfo } from "@bt/metainfo";
import type { Io } from "../io.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { formatCount, formatLength } from "../output/units.ts";
import { torrentJson } from "./torrent-json.ts";

/** What `--list` prints of a torrent: its files, or with `json` the object of `bt info --json`. */
export function writeFileList(
  io: Io,
  metainfo: Metainfo,
  { json, selected }: { readonly json: boolean; readonly selected?: ReadonlySet<number> | undefined },
): void {
  io.stdout.write(json ? `${formatJson(torrentJson(metainfo))}\n` : fileList(metainfo, selected));
}

/**
 * A line per file: its number, counted from 1 as in the torrent, its size and its path. Pad files are left out, and so are those
 * that are not `selected`, if any are.
 */
export function fileList(metainfo: Metainfo, selected?: ReadonlySet<number>): string {
  const numberWidth = String(metainfo.files.length).length;
  let text = "";
  for (const [index, file] of metainfo.files.entries()) {
    if (file.pad || selected?.has(index) === false) continue;
    const number = String(index + 1).padStart(numberWidth);
    text += `${number}  ${formatLength(file.length).padStart(10)}  ${escapeText(file.path.join("/"))}\n`;
  }
  return text;
}

/** `2 of 12 files, 3.0 MiB`. */
export function selectionSummary({ files }: Metainfo, selected: ReadonlySet<number>): string {
  const length = [...selected].reduce((sum, index) => sum + files[index]!.length, 0);
  return `${selected.size} of ${formatCount(files.filter(({ pad }) => !pad).length, "file")}, ${formatLength(length)}`;
}
