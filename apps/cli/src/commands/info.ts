import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { magnetJson, magnetOddities, magnetText } from "../info/magnet-view.ts";
import { oddities } from "../info/oddities.ts";
import { torrentJsonParts } from "../info/torrent-json.ts";
import { torrentText } from "../info/torrent-text.ts";
import { switchOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { styleFor } from "../output/style.ts";
import { readMagnet } from "../sources/read-magnet.ts";
import { findSource, readTorrent } from "../sources/read-torrent.ts";

export const info = defineCommand({
  name: "info",
  summary: "Show what is in a torrent or magnet.",
  operands: ["<source>"],
  options: {
    ...JSON_OPTION,
    files: switchOption("--files", "show every file, however many there are"),
  },
  examples: [
    "bt info debian.torrent --files",
    "bt info debian.torrent --json | jq -r .infoHash",
    "bt info 'magnet:?xt=…'",
  ],
  stopsCleanly: false,
  async run({ io, stop, operands, options }) {
    const text = operands[0]!;
    const source = findSource(text, io);
    const warn = (lines: readonly string[]): void => {
      const style = styleFor(io.stderr, io.env, options.noColor);
      for (const line of lines) io.stderr.write(`${style.yellow("warning:")} ${escapeText(line)}\n`);
    };
    if (source.kind === "magnet") {
      const magnet = readMagnet(source.uri);
      io.stdout.write(options.json ? `${formatJson(magnetJson(magnet))}\n` : magnetText(magnet));
      if (!options.json && !options.quiet) warn(magnetOddities(magnet));
      return EXIT.ok;
    }
    const { metainfo } = await readTorrent(text, io, stop);
    if (options.json) {
      for (const part of torrentJsonParts(metainfo)) io.stdout.write(part);
    } else {
      io.stdout.write(torrentText(metainfo, { allFiles: options.files }));
      if (!options.quiet) warn(oddities(metainfo, Date.now() / 1000));
    }
    return EXIT.ok;
  },
});
