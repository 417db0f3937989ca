import type { Metainfo } from "@bt/metainfo";
import { escapeText } from "../output/escape.ts";
import { formatLength } from "../output/units.ts";

/** A line per file: its number, counted from 1 as in the torrent, its size and its path. Pad files are left out. */
export function fileList(metainfo: Metainfo): string {
  const numberWidth = String(metainfo.files.length).length;
  let text = "";
  for (const [index, file] of metainfo.files.entries()) {
    if (file.pad) continue;
    const number = String(index + 1).padStart(numberWidth);
    text += `${number}  ${formatLength(file.length).padStart(10)}  ${escapeText(file.path.join("/"))}\n`;
  }
  return text;
}
