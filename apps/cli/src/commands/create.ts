import { basename, resolve } from "node:path";
import { type Metainfo, parseTorrent, toMagnet } from "@bt/metainfo";
import { defineCommand } from "../define-command.ts";
import { checkPieceLength, makeTorrent, parseFormat, startHashWorkers } from "../create/make-torrent.ts";
import { torrentPlace, writeTorrent } from "../create/write-torrent.ts";
import { EXIT } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { nameWarnings } from "../info/changed-names.ts";
import { hexOrNull } from "../info/torrent-json.ts";
import { listOption, parseText, switchOption, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { checkProgress } from "../output/check-progress.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { formatCount, formatLength } from "../output/units.ts";
import { parseHexHash } from "../values/hash.ts";
import { parseLength } from "../values/length.ts";
import { parseTrackerTier, parseWebUrl } from "../values/tracker-tier.ts";

export const create = defineCommand({
  name: "create",
  summary: "Make a torrent of a file or folder.",
  operands: ["<path>"],
  options: {
    out: valueOption(
      "-o, --out <file>",
      "where to write it; a folder, or - for standard output (default: NAME.torrent)",
      parseText,
    ),
    tracker: listOption(
      "--tracker <url>",
      "a tier of trackers, divided by commas (repeatable)",
      parseTrackerTier,
    ),
    webSeed: listOption("--web-seed <url>", "where the data is on the web (repeatable)", parseWebUrl),
    pieceLength: valueOption(
      "--piece-length <size>",
      "a power of two from 16K to 256M (default: by size)",
      (text) => checkPieceLength(parseLength(text)),
    ),
    format: valueOption("--format <format>", "v1, v2 or hybrid (default v1)", parseFormat),
    private: switchOption("--private", "peers come from the trackers alone"),
    comment: valueOption("--comment <text>", "a text for people", parseText),
    source: valueOption("--source <text>", "a text that makes another info-hash of the same data", parseText),
    noDate: switchOption("--no-date", "leave the date out: the same data makes the same torrent"),
    similar: listOption(
      "--similar <hash>",
      "info-hash of a torrent that shares files (repeatable)",
      parseHexHash,
    ),
    collection: listOption("--collection <name>", "a collection that it belongs to (repeatable)", parseText),
    ...JSON_OPTION,
  },
  examples: [
    "bt create album --tracker http://tracker.example/announce",
    "bt create disk.iso -o - | ssh host 'cat > disk.torrent'",
  ],
  stopsCleanly: false,
  async run({ io, stop, operands, options }) {
    const path = resolve(io.cwd, operands[0]!);
    const toStdout = options.out === "-";
    if (toStdout && options.json)
      throw usageFailure("the torrent and --json cannot both go to standard output; name a file with -o");
    // Before the work of hours, not after it.
    const place = toStdout ? undefined : torrentPlace(options.out, basename(path), path, io);
    const workers = await startHashWorkers(path, operands[0]!);
    const progress = checkProgress(basename(path), io, {
      quiet: options.quiet || options.json,
      noColor: options.noColor,
    });
    const { bytes, payload } = await makeTorrent(
      path,
      operands[0]!,
      {
        format: options.format ?? "v1",
        pieceLength: options.pieceLength,
        withDate: !options.noDate,
        trackers: options.tracker,
        webSeeds: options.webSeed,
        private: options.private,
        similar: options.similar,
        collections: options.collection,
        ...(options.comment === undefined ? {} : { comment: options.comment }),
        ...(options.source === undefined ? {} : { source: options.source }),
      },
      { signal: stop.signal, onProgress: progress.show, workers },
    ).finally(progress.clear);
    if (place === undefined) io.stdout.write(bytes);
    else await writeTorrent(place, bytes);
    if (!options.quiet)
      for (const skipped of payload.skipped) io.stderr.write(`left out: ${escapeText(skipped)}\n`);
    if (options.quiet && !options.json) return EXIT.ok;
    const metainfo = parseTorrent(bytes);
    if (!options.quiet)
      for (const warning of nameWarnings(metainfo)) io.stderr.write(`warning: ${escapeText(warning)}\n`);
    if (options.json)
      io.stdout.write(`${formatJson({ path: place, magnet: toMagnet(metainfo), ...facts(metainfo) })}\n`);
    else if (!options.quiet) io.stderr.write(`${summary(metainfo, place)}\n`);
    return EXIT.ok;
  },
});

function facts(metainfo: Metainfo): Record<string, unknown> {
  return {
    name: metainfo.name,
    version: metainfo.version,
    infoHash: hexOrNull(metainfo.infoHash),
    infoHashV2: hexOrNull(metainfo.infoHashV2),
    pieceLength: metainfo.pieceLength,
    pieceCount: metainfo.pieceCount,
    totalLength: metainfo.totalLength,
  };
}

function summary(metainfo: Metainfo, place: string | undefined): string {
  const files = formatCount(metainfo.files.filter((file) => !file.pad).length, "file");
  const pieces = `${formatCount(metainfo.pieceCount, "piece")} of ${formatLength(metainfo.pieceLength)}`;
  const hash = hexOrNull(metainfo.infoHash ?? metainfo.infoHashV2);
  const what = `${files}, ${formatLength(metainfo.payloadLength)}, ${pieces}, info-hash ${hash}`;
  return `${escapeText(place ?? metainfo.name)}: ${what}`;
}
