import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Metainfo, parseTorrent, toMagnet } from "@bt/metainfo";
import type { ScannedPayload } from "@bt/storage";
import type { Call } from "../command.ts";
import { defineCommand } from "../define-command.ts";
import { makeTorrent } from "../create/make-torrent.ts";
import { torrentPlace, writeTorrent } from "../create/write-torrent.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import { writeFileList } from "../info/file-list.ts";
import { parseText, switchOption, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { LIST_OPTION, NETWORK_OPTIONS, SEEDING_OPTIONS } from "../options/transfer-options.ts";
import { checkProgress } from "../output/check-progress.ts";
import { withView } from "../output/transfer-view.ts";
import { namedAsOnDisk } from "../sources/names-on-disk.ts";
import { readTorrents } from "../sources/read-torrent.ts";
import { parseSource } from "../sources/source.ts";
import type { TransferItem } from "../transfer/run-transfers.ts";

const OPTIONS = {
  data: valueOption("--data <dir>", "folder with the torrent's data (default: the current one)", parseText),
  torrentOut: valueOption("--torrent-out <file>", "save the torrent made of a path", parseText),
  ...NETWORK_OPTIONS,
  ...SEEDING_OPTIONS,
  noResume: switchOption("--no-resume", "trust no saved state: check the data by its hashes"),
  ...LIST_OPTION,
  ...JSON_OPTION,
} as const;

export const seed = defineCommand({
  name: "seed",
  summary:
    "Share data until Ctrl-C. Of a file or folder a torrent is made and its magnet link printed on standard output; " +
    "of a .torrent the data is checked first. With --data, a folder stands for all torrents in it.",
  operands: ["<path|torrent...>"],
  options: OPTIONS,
  examples: [
    "bt seed album --tracker http://tracker.example/announce --torrent-out album.torrent",
    "bt seed debian.torrent --data ~/Downloads --max-up 1M",
    "bt seed ~/torrents --data ~/Downloads",
  ],
  stopsCleanly: true,
  run: (call) =>
    withView(call, async (view) => {
      const { io, stop, options } = call;
      const items = await Promise.race([findItems(call), stop.interrupted()]);
      if (options.list) {
        for (const { metainfo } of items) writeFileList(io, metainfo, { json: options.json });
        return EXIT.ok;
      }
      for (const { magnet } of items)
        if (magnet !== undefined && !options.json) io.stdout.write(`${magnet}\n`);
      const { runTransfers } = await import("../transfer/run-transfers.ts");
      return runTransfers(
        {
          items,
          network: options,
          resume: !options.noResume,
          seedOnly: true,
          timeoutMs: undefined,
          goal: { ratio: options.seedRatio, timeMs: options.seedTime },
        },
        view,
        stop,
      );
    }),
});

type SeedCall = Call<typeof OPTIONS>;

/** Every torrent is read and every path hashed before the first one is shared, so that a mistake does not come late. */
async function findItems(call: SeedCall): Promise<TransferItem[]> {
  const { io, stop, operands, options } = call;
  const torrents: string[] = [];
  const paths: string[] = [];
  for (const text of operands) {
    if (options.data !== undefined && isFolder(resolve(io.cwd, text)))
      torrents.push(...torrentsIn(text, call));
    else if (isPayload(text, call)) paths.push(text);
    else torrents.push(text);
  }
  if (options.list && paths.length > 0)
    throw usageFailure("--list is for a torrent; make one of the path with bt create");
  if (options.torrentOut !== undefined && torrents.length > 0)
    throw usageFailure("--torrent-out is for a file or folder; this is a torrent already");
  if (options.torrentOut !== undefined && paths.length > 1)
    throw usageFailure("--torrent-out is for one file or folder; there are several");
  if (options.data !== undefined && paths.length > 0)
    throw usageFailure("--data is for a torrent; the data of a path is the path itself");
  const root = resolve(io.cwd, options.data ?? ".");
  const loaded = await readTorrents(torrents, io, stop, { proxy: options.proxy });
  const items: TransferItem[] = loaded.map((torrent) => ({
    metainfo: namedAsOnDisk(torrent, root),
    root,
    trackers: options.tracker,
    keepsState: true,
  }));
  for (const text of paths) items.push(await itemOfPayload(resolve(io.cwd, text), text, call));
  return items;
}

/** The .torrent files of a folder, in the order of their names. */
function torrentsIn(text: string, { io }: SeedCall): string[] {
  const names = readdirSync(resolve(io.cwd, text)).filter((name) => /\.torrent$/i.test(name));
  if (names.length > 0) return names.sort().map((name) => join(text, name));
  throw usageFailure(`--data is for a torrent or a folder of torrents; there is no .torrent in ${text}`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A path to share, and not something that names a torrent. */
function isPayload(text: string, { io }: SeedCall): boolean {
  const place = resolve(io.cwd, text);
  if (parseSource(text, () => existsSync(place)).kind !== "file") return false;
  return !/\.torrent$/i.test(text) || isFolder(place);
}

async function itemOfPayload(
  path: string,
  shown: string,
  { io, stop, options }: SeedCall,
): Promise<TransferItem> {
  const place =
    options.torrentOut === undefined ? undefined : torrentPlace(options.torrentOut, basename(path), path, io);
  const progress = checkProgress(basename(path), io, {
    quiet: options.quiet || options.json,
    noColor: options.noColor,
  });
  const { bytes, payload } = await makeTorrent(
    path,
    shown,
    { format: "v1", pieceLength: undefined, withDate: true, trackers: options.tracker },
    { signal: stop.signal, onProgress: progress.show },
  ).finally(progress.clear);
  // The names are on this disk already, so that it takes them.
  const metainfo = parseTorrent(bytes, { fileNames: "posix" });
  requireSameNames(metainfo, payload);
  if (place !== undefined) await writeTorrent(place, bytes);
  if (!options.noResume) await rememberHashes(metainfo, dirname(path), payload);
  return { metainfo, root: dirname(path), trackers: [], magnet: toMagnet(metainfo) };
}

/** The data was just hashed: seeding need not do it again, unless a file has changed since. */
async function rememberHashes(metainfo: Metainfo, root: string, { files }: ScannedPayload): Promise<void> {
  const { recordVerified } = await import("@bt/storage");
  const stats = new Map(
    [...files.entries()].flatMap(([index, { length, modifiedMs, inode }]) =>
      length === 0 ? [] : [[index, { length, modifiedMs, inode }] as const],
    ),
  );
  // In a folder that cannot be written to, the data is hashed again.
  await recordVerified({ metainfo, root, stats }).catch(() => {});
}

/** A name that a torrent cannot carry safely (control characters, turned text) would not be found again. */
function requireSameNames(
  metainfo: Metainfo,
  payload: { readonly name: string; readonly files: readonly { readonly path: readonly string[] }[] },
): void {
  for (const [index, { path }] of payload.files.entries()) {
    const name = [payload.name, ...path].join("/");
    if (metainfo.files[index]?.path.join("/") !== name) {
      throw new Failure(
        EXIT.unreadable,
        "NAME_INVALID",
        `cannot share ${name}: clients refuse such a name; rename it`,
      );
    }
  }
}
