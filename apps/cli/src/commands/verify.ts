import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Metainfo } from "@bt/metainfo";
import type { VerifyReport } from "@bt/storage";
import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { fileFindings, findingLine } from "../info/verify-findings.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { checkProgress } from "../output/check-progress.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { formatCount, formatLength } from "../output/units.ts";
import { namedAsOnDisk } from "../sources/names-on-disk.ts";
import { readTorrent } from "../sources/read-torrent.ts";

export const verify = defineCommand({
  name: "verify",
  summary:
    "Check data on disk against its hashes. Bad files are listed on standard output; exit status 8 if there are any.",
  operands: ["<torrent>", "<dir>"],
  options: { ...JSON_OPTION },
  examples: ["bt verify album.torrent ~/Downloads"],
  stopsCleanly: false,
  async run({ io, stop, operands, options }) {
    const torrent = await readTorrent(operands[0]!, io, stop);
    const folder = resolve(io.cwd, operands[1]!);
    await requireFolder(folder, operands[1]!);
    const metainfo = namedAsOnDisk(torrent, folder);
    const progress = checkProgress(metainfo.name, io, {
      quiet: options.quiet || options.json,
      noColor: options.noColor,
    });
    const { verifyData } = await import("../info/verify-payload.ts");
    const report = await verifyData({
      metainfo,
      root: folder,
      onThisThread: true,
      signal: stop.signal,
      onProgress: progress.show,
    });
    progress.clear();
    const findings = fileFindings(report);
    const bad = findings.filter(({ status }) => status !== "ok");
    if (options.json) {
      const { isGood, pieceCount, goodPieceCount, badPieces, incompletePieces } = report;
      const facts = { complete: isGood, pieceCount, goodPieceCount, badPieces, incompletePieces };
      io.stdout.write(`${formatJson({ ...facts, files: findings })}\n`);
    } else {
      for (const finding of bad) io.stdout.write(`${findingLine(finding)}\n`);
      if (!options.quiet) io.stderr.write(`${summary(metainfo, report, bad.length, folder)}\n`);
    }
    return report.isGood ? EXIT.ok : EXIT.mismatch;
  },
});

async function requireFolder(folder: string, shown: string): Promise<void> {
  const { stat } = await import("node:fs/promises");
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const why = found === undefined ? "there is no such folder" : "it is not a folder";
  const advice = "give the folder that the data was downloaded into";
  throw new Failure(EXIT.unreadable, "UNREADABLE", `cannot check ${shown}: ${why}; ${advice}`);
}

function summary(metainfo: Metainfo, report: VerifyReport, badCount: number, folder: string): string {
  const name = escapeText(metainfo.name);
  const pieces = formatCount(report.pieceCount, "piece");
  if (report.isGood)
    return `${name}: ${report.pieceCount === 1 ? "the" : "all"} ${pieces} match${report.pieceCount === 1 ? "es" : ""} (${formatLength(metainfo.payloadLength)})`;
  const wrongCount = report.pieceCount - report.goodPieceCount;
  const counts = `${name}: ${badCount} of ${formatCount(report.files.length, "file")} and ${wrongCount} of ${pieces} do not match`;
  // The usual slip: the torrent's own folder was given in place of the one that holds it.
  const isInside = basename(folder) === metainfo.name && !existsSync(join(folder, metainfo.name));
  return isInside ? `${counts}; give the folder above ${name}, not ${name} itself` : counts;
}
