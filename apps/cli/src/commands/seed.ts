import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Metainfo, parseTorrent, toMagnet } from "@bt/metainfo";
import type { ScannedPayload } from "@bt/storage";
import type { Call } from "../command.ts";
import { defineCommand } from "../define-command.ts";
import { makeTorrent } from "../create/make-torrent.ts";
import { torrentPlace, writeTorrent } from "../create/write-torrent.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import { fileList } from "../info/file-list.ts";
import { torrentJson } from "../info/torrent-json.ts";
import { parseText, switchOption, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { LIST_OPTION, NETWORK_OPTIONS, SEEDING_OPTIONS } from "../options/transfer-options.ts";
import { checkProgress } from "../output/check-progress.ts";
import { formatJson } from "../output/escape.ts";
import { withView } from "../output/transfer-view.ts";
import { namedAsOnDisk } from "../sources/names-on-disk.ts";
import { readTorrent } from "../sources/read-torrent.ts";
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
    "of a .torrent the data is checked first.",
  operands: ["<path|torrent>"],
  options: OPTIONS,
  examples: [
    "bt seed album --tracker http://tracker.example/announce --torrent-out album.torrent",
    "bt seed debian.torrent --data ~/Downloads --max-up 1M",
  ],
  stopsCleanly: true,
  run: (call) =>
    withView(call, async (view) => {
      const { io, stop, options } = call;
      const item = await Promise.race([findItem(call), stop.interrupted()]);
      if (options.list) {
        io.stdout.write(
          options.json ? `${formatJson(torrentJson(item.metainfo))}\n` : fileList(item.metainfo),
        );
        return EXIT.ok;
      }
      if (item.magnet !== undefined && !options.json) io.stdout.write(`${item.magnet}\n`);
      const { runTransfers } = await import("../transfer/run-transfers.ts");
      return runTransfers(
        {
          items: [item],
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

async function findItem(call: SeedCall): Promise<TransferItem> {
  const { io, stop, operands, options } = call;
  const text = operands[0]!;
  if (!isPayload(text, call)) {
    if (options.torrentOut !== undefined)
      throw usageFailure("--torrent-out is for a file or folder; this is a torrent already");
    const root = resolve(io.cwd, options.data ?? ".");
    const metainfo = namedAsOnDisk(await readTorrent(text, io, stop, { proxy: options.proxy }), root);
    return { metainfo, root, trackers: options.tracker, keepsState: true };
  }
  if (options.list) throw usageFailure("--list is for a torrent; make one of the path with bt create");
  if (options.data !== undefined)
    throw usageFailure("--data is for a torrent; the data of a path is the path itself");
  return itemOfPayload(resolve(io.cwd, text), text, call);
}

/** A path to share, and not something that names a torrent. */
function isPayload(text: string, { io }: SeedCall): boolean {
  const place = resolve(io.cwd, text);
  if (parseSource(text, () => existsSync(place)).kind !== "file") return false;
  return !/\.torrent$/i.test(text) || statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
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
