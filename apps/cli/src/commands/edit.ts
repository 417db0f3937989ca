import { basename } from "node:path";
import { editTorrent, parseTorrent } from "@bt/metainfo";
import { defineCommand } from "../define-command.ts";
import { torrentPlace, writeTorrent } from "../create/write-torrent.ts";
import { changeTiers, changeUrls, type Change } from "../edit/change-urls.ts";
import { EXIT } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { torrentJson } from "../info/torrent-json.ts";
import { argumentsOnly, listOption, parseText, switchOption, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { formatCount } from "../output/units.ts";
import { findSource, readTorrent } from "../sources/read-torrent.ts";
import { parseTrackerTier, parseWebUrl } from "../values/tracker-tier.ts";

/** What may be changed without changing the info-hash. */
const CHANGES = {
  tracker: listOption(
    "--tracker <url>",
    "replace all trackers: a tier, divided by commas (repeatable)",
    parseTrackerTier,
  ),
  addTracker: listOption(
    "--add-tracker <url>",
    "add a tier of trackers at the end (repeatable)",
    parseTrackerTier,
  ),
  removeTracker: listOption("--remove-tracker <url>", "take a tracker out (repeatable)", parseText),
  noTrackers: switchOption("--no-trackers", "take all trackers out"),
  webSeed: listOption("--web-seed <url>", "replace all web seeds (repeatable)", parseWebUrl),
  addWebSeed: listOption("--add-web-seed <url>", "add a web seed (repeatable)", parseWebUrl),
  removeWebSeed: listOption("--remove-web-seed <url>", "take a web seed out (repeatable)", parseText),
  noWebSeeds: switchOption("--no-web-seeds", "take all web seeds out"),
  comment: valueOption("--comment <text>", "replace the comment", parseText),
  noComment: switchOption("--no-comment", "take the comment out"),
} as const;

export const edit = defineCommand({
  name: "edit",
  summary: "Change trackers, web seeds and the comment of a torrent. Its info-hash stays as it is.",
  operands: ["<torrent>"],
  options: {
    // Variables that are set for downloads (BT_NO_TRACKERS, BT_OUT) must not change a file.
    ...argumentsOnly({
      out: valueOption(
        "-o, --out <file>",
        "where to write it; a folder, or - for standard output (default: in place)",
        parseText,
      ),
      ...CHANGES,
    }),
    ...JSON_OPTION,
  },
  examples: [
    "bt edit album.torrent --add-tracker udp://tracker.example:6969",
    "bt edit album.torrent --no-trackers --no-comment -o bare.torrent",
  ],
  stopsCleanly: false,
  async run({ io, stop, operands, options }) {
    const text = operands[0]!;
    const source = findSource(text, io);
    refuseContradiction("--tracker", options.tracker.length > 0, "--no-trackers", options.noTrackers);
    refuseContradiction("--web-seed", options.webSeed.length > 0, "--no-web-seeds", options.noWebSeeds);
    refuseContradiction("--comment", options.comment !== undefined, "--no-comment", options.noComment);
    const isGiven = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));
    if (!Object.keys(CHANGES).some((key) => isGiven(options[key as keyof typeof CHANGES])))
      throw usageFailure("nothing to change; bt edit --help shows what can be");
    const toStdout = options.out === "-";
    if (toStdout && options.json)
      throw usageFailure("the torrent and --json cannot both go to standard output; name a file with -o");
    if (options.out === undefined && source.kind !== "file")
      throw usageFailure(`${text} cannot be changed in place; name a file with -o, or - for standard output`);

    // All URLs, however many: those that are not read would not be written either.
    const { metainfo, bytes } = await readTorrent(text, io, stop, { maxUrlCount: Infinity });
    const fileName = source.kind === "file" ? basename(source.path, ".torrent") : metainfo.name;
    const given = options.out ?? (source.kind === "file" ? source.path : undefined);
    const place = toStdout ? undefined : torrentPlace(given, fileName, undefined, io);
    const trackers = changeTiers(metainfo.trackers, {
      replace: replacement(options.tracker, options.noTrackers),
      add: options.addTracker,
      remove: options.removeTracker,
    });
    const webSeeds = changeUrls(metainfo.webSeeds, {
      replace: replacement(options.webSeed, options.noWebSeeds),
      add: options.addWebSeed,
      remove: options.removeWebSeed,
    });
    const comment = options.noComment ? null : options.comment;
    const edited = editTorrent(bytes, {
      ...(trackers !== undefined && { trackers: nullIfEmpty(trackers.urls) }),
      ...(webSeeds !== undefined && { webSeeds: nullIfEmpty(webSeeds.urls) }),
      ...(comment !== undefined && { comment }),
    });
    const result = parseTorrent(edited);
    if (place === undefined) io.stdout.write(edited);
    else await writeTorrent(place, edited);

    if (!options.quiet)
      for (const url of [...(trackers?.absent ?? []), ...(webSeeds?.absent ?? [])])
        io.stderr.write(`not in the torrent: ${escapeText(url)}\n`);
    if (options.json) io.stdout.write(`${formatJson(torrentJson(result))}\n`);
    else if (!options.quiet) {
      const counts = `${formatCount(result.trackers.flat().length, "tracker")}, ${formatCount(result.webSeeds.length, "web seed")}`;
      io.stderr.write(`${escapeText(place ?? result.name)}: ${counts}\n`);
    }
    return EXIT.ok;
  },
});

function replacement<T>(values: readonly T[], none: boolean): Change<T>["replace"] {
  return none || values.length > 0 ? values : undefined;
}

function nullIfEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}

function refuseContradiction(a: string, hasA: boolean, b: string, hasB: boolean): void {
  if (hasA && hasB) throw usageFailure(`${a} and ${b} contradict each other; leave one out`);
}
