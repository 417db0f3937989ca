import { toMagnet } from "@bt/metainfo";
import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { readTorrent } from "../sources/read-torrent.ts";

export const magnet = defineCommand({
  name: "magnet",
  summary: "Print the magnet link of a torrent.",
  operands: ["<torrent>"],
  options: {},
  examples: ["bt magnet debian.torrent"],
  stopsCleanly: false,
  async run({ io, stop, operands }) {
    const { metainfo } = await readTorrent(operands[0]!, io, stop);
    io.stdout.write(`${toMagnet(metainfo)}\n`);
    return EXIT.ok;
  },
});
