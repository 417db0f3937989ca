import { toMagnet } from "@bt/metainfo";
import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { argumentsOnly, listOption, switchOption, valueOption } from "../options/option-spec.ts";
import { readTorrent } from "../sources/read-torrent.ts";
import { parseHostAndPort } from "../values/address.ts";
import { parseSelectList, selectFiles } from "../values/file-list.ts";

export const magnet = defineCommand({
  name: "magnet",
  summary: "Print the magnet link of a torrent.",
  operands: ["<torrent>"],
  // Variables that are set for downloads must not change a link.
  options: argumentsOnly({
    noTrackers: switchOption("--no-trackers", "leave the trackers out: they may hold your key"),
    peer: listOption("--peer <host:port>", "name a peer to begin with (repeatable)", parseHostAndPort),
    select: valueOption(
      "--select <list>",
      "files to download, by number, range, name or pattern",
      parseSelectList,
    ),
  }),
  examples: ["bt magnet debian.torrent", "bt magnet album.torrent --no-trackers --peer 192.0.2.7:6881"],
  stopsCleanly: false,
  async run({ io, stop, operands, options }) {
    const { metainfo } = await readTorrent(operands[0]!, io, stop);
    const select = options.select && [...selectFiles(options.select, metainfo)];
    const link = toMagnet({
      ...metainfo,
      trackers: options.noTrackers ? [] : metainfo.trackers,
      peers: options.peer,
      select,
    });
    io.stdout.write(`${link}\n`);
    return EXIT.ok;
  },
});
