import { resolve } from "node:path";
import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { selectionSummary, writeFileList } from "../info/file-list.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { DOWNLOAD_OPTIONS } from "../options/transfer-options.ts";
import { withView } from "../output/transfer-view.ts";
import { selectFiles } from "../values/file-list.ts";
import { namedAsOnDisk } from "../sources/names-on-disk.ts";
import { readTorrents } from "../sources/read-torrent.ts";

const OPTIONS = { ...DOWNLOAD_OPTIONS, ...JSON_OPTION } as const;

export const download = defineCommand({
  name: "download",
  summary:
    "Download torrents, then exit. What is already there is checked and kept; an interrupted download goes on.",
  operands: ["<source...>"],
  options: OPTIONS,
  examples: [
    "bt debian.torrent",
    "bt download a.torrent https://host.example/b.torrent -o ~/Downloads --max-down 2M",
    "bt download a.torrent --select '1,3-5,*.mkv'",
    "bt download a.torrent --seed-ratio 1 --seed-time 2h",
    "curl -s https://host.example/a.torrent | bt download -",
  ],
  stopsCleanly: true,
  run: (call) =>
    withView(call, async (view) => {
      const { io, stop, operands, options } = call;
      const torrents = await Promise.race([
        readTorrents(operands, io, stop, { proxy: options.proxy }),
        stop.interrupted(),
      ]);
      const parts = options.select ?? [];
      const selections = torrents.map(({ metainfo }) =>
        parts.length === 0 ? undefined : selectFiles(parts, metainfo),
      );
      if (options.list) {
        for (const [index, { metainfo }] of torrents.entries())
          writeFileList(io, metainfo, { json: options.json, selected: selections[index] });
        return EXIT.ok;
      }
      const { runTransfers } = await import("../transfer/run-transfers.ts");
      const root = resolve(io.cwd, options.out ?? ".");
      const goesOn = options.seed || options.seedRatio !== undefined || options.seedTime !== undefined;
      view.detail(
        `${operands.length === 1 ? "downloading" : `downloading ${operands.length} torrents`} into ${root}`,
      );
      for (const [index, { metainfo }] of torrents.entries()) {
        const selected = selections[index];
        if (selected !== undefined)
          view.say(`selected of ${metainfo.name}: ${selectionSummary(metainfo, selected)}`);
      }
      return runTransfers(
        {
          items: torrents.map((torrent, index) => ({
            metainfo: namedAsOnDisk(torrent, root),
            root,
            trackers: options.tracker,
            selected: selections[index],
          })),
          network: options,
          allocation: options.allocation,
          resume: !options.noResume,
          seedOnly: false,
          timeoutMs: options.timeout,
          goal: goesOn ? { ratio: options.seedRatio, timeMs: options.seedTime } : undefined,
        },
        view,
        stop,
      );
    }),
});
