import type { Metainfo } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { escapeText } from "../output/escape.ts";
import { formatCount, formatLength } from "../output/units.ts";
import { fileTree } from "./file-tree.ts";

/** A longer list of files is shown only when it is asked for. */
const SHORT_FILE_COUNT = 20;

/** What `bt info` prints of a torrent for people. */
export function torrentText(metainfo: Metainfo, options: { allFiles: boolean }): string {
  const rows: [label: string, value: string][] = [["Name", escapeText(metainfo.name)]];
  if (metainfo.infoHash !== undefined) rows.push(["Info-hash", formatHex(metainfo.infoHash)]);
  if (metainfo.infoHashV2 !== undefined) rows.push(["Info-hash v2", formatHex(metainfo.infoHashV2)]);
  const files = metainfo.files.filter((file) => !file.pad);
  rows.push(
    ["Version", metainfo.version],
    ["Size", `${formatLength(metainfo.payloadLength)} (${formatCount(metainfo.payloadLength, "byte")})`],
    ["Pieces", `${metainfo.pieceCount} of ${formatLength(metainfo.pieceLength)}`],
    ["Private", metainfo.private ? "yes" : "no"],
  );
  metainfo.trackers.forEach((tier, index) => {
    rows.push([index === 0 ? "Trackers" : "", tier.map(escapeText).join(", ")]);
  });
  pushList(rows, "Web seeds", metainfo.webSeeds);
  pushList(rows, "HTTP seeds", metainfo.httpSeeds);
  pushList(
    rows,
    "DHT nodes",
    metainfo.nodes.map(({ host, port }) => `${host}:${port}`),
  );
  pushText(rows, "Comment", metainfo.comment);
  pushText(rows, "Source", metainfo.source);
  pushList(rows, "Collections", metainfo.collections);
  pushList(
    rows,
    "Similar",
    metainfo.similar.map((hash) => formatHex(hash)),
  );
  pushText(rows, "Created by", metainfo.createdBy);
  if (metainfo.creationDate !== undefined) rows.push(["Created", formatDate(metainfo.creationDate)]);
  rows.push(["Files", formatCount(files.length, "file")]);
  const lines = formatRows(rows);
  if (options.allFiles || files.length <= SHORT_FILE_COUNT)
    for (const line of fileTree(files)) lines.push(`  ${line}`);
  else lines.push(`  (bt info --files shows them)`);
  return `${lines.join("\n")}\n`;
}

/** Labels in one column, values in the next. */
export function formatRows(rows: readonly (readonly [label: string, value: string])[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, value]) => `${label.padEnd(width)}${value}`);
}

export function pushList(rows: [string, string][], label: string, values: readonly string[]): void {
  values.forEach((value, index) => rows.push([index === 0 ? label : "", escapeText(value)]));
}

function pushText(rows: [string, string][], label: string, value: string | undefined): void {
  if (value !== undefined && value !== "") rows.push([label, escapeText(value)]);
}

/** Some creators wrote milliseconds: years beyond 9999 cannot be meant. */
function formatDate(seconds: number): string {
  const date = new Date(seconds * 1_000 > 253_402_300_799_000 ? seconds : seconds * 1_000);
  return Number.isNaN(date.getTime())
    ? String(seconds)
    : date
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, " UTC");
}
