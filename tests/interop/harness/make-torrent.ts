import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { LIBTORRENT_SCRIPT, PYTHON } from "../peers/libtorrent.ts";
import { runBt } from "./bt-process.ts";
import type { Payload } from "./payload.ts";
import type { Scope } from "./scope.ts";
import { REFERENCE } from "./settings.ts";

const run = promisify(execFile);

export interface TorrentFile {
  readonly path: string;
  /** Version 1, lower-case hex. */
  readonly infoHash: string;
}

/** `bt create` of a payload; in reference runs libtorrent does it. */
export async function makeTorrent(scope: Scope, payload: Payload, trackerUrl?: string): Promise<TorrentFile> {
  const source = path.join(payload.directory, payload.name);
  const target = path.join(await scope.folder("torrent"), "interop.torrent");
  const pieceLength = String(payload.pieceLength);
  if (REFERENCE) {
    await run(PYTHON, [LIBTORRENT_SCRIPT, "create", source, target, trackerUrl ?? "", pieceLength]);
    const { stdout } = await run(PYTHON, [LIBTORRENT_SCRIPT, "infohash", target]);
    return { path: target, infoHash: stdout.trim() };
  }
  const options = ["-o", target, "--piece-length", pieceLength, "--format", "v1"];
  if (trackerUrl !== undefined) options.push("--tracker", trackerUrl);
  const created = await runBt(scope, ["create", source, ...options]);
  if (created.code !== 0) throw new Error(`bt create failed\n${created.tail}`);
  const info = await runBt(scope, ["info", target, "--json"]);
  if (info.code !== 0) throw new Error(`bt info failed\n${info.tail}`);
  return { path: target, infoHash: (JSON.parse(info.stdout) as { infoHash: string }).infoHash };
}
