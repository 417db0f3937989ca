import type { Io } from "../io.ts";
import { usageFailure } from "../failure.ts";
import { listOption, parseText, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { readMagnet } from "../sources/read-magnet.ts";
import { findSource, readTorrent } from "../sources/read-torrent.ts";
import type { Stop } from "../stop.ts";
import { parseBindAddress } from "../values/address.ts";
import { parseDuration } from "../values/duration.ts";
import { parseTrackerTier } from "../values/tracker-tier.ts";

/** Options of the commands that ask trackers one question. */
export const ASK_OPTIONS = {
  tracker: listOption(
    "--tracker <url>",
    "ask this tracker instead of those of the source (repeatable, or divided by commas)",
    parseTrackerTier,
  ),
  timeout: valueOption("--timeout <t>", "wait so long for each tracker (default 15s)", parseDuration),
  bind: valueOption("--bind <address>", "address to ask from", parseBindAddress),
  proxy: valueOption(
    "--proxy <url>",
    "ask through this proxy: http://host:port (not UDP trackers) or socks5://host:port",
    parseText,
  ),
  ...JSON_OPTION,
} as const;

export const DEFAULT_ASK_TIMEOUT_MS = 15_000;

/** What trackers are asked about. */
export interface SwarmSource {
  readonly name: string | undefined;
  /** 20 bytes each: a hybrid torrent has two swarms, the second by the first 20 bytes of its v2 hash (BEP 52). */
  readonly infoHashes: readonly Uint8Array[];
  readonly trackers: readonly string[];
  /** Bytes, where they are known. */
  readonly totalLength: number | undefined;
}

/** Reads a torrent, magnet link or info-hash, and which trackers to ask. */
export async function readSwarmSource(
  text: string,
  trackers: readonly (readonly string[])[],
  io: Io,
  stop: Stop,
  proxy?: string,
): Promise<SwarmSource> {
  const source = findSource(text, io);
  const found =
    source.kind === "magnet"
      ? readMagnet(source.uri)
      : (await readTorrent(text, io, stop, { proxy })).metainfo;
  const urls = [...new Set((trackers.length > 0 ? trackers : found.trackers).flat())];
  if (urls.length === 0) throw usageFailure("the source names no tracker; name one with --tracker");
  const infoHashes: Uint8Array[] = [];
  if (found.infoHash !== undefined) infoHashes.push(found.infoHash);
  if (found.infoHashV2 !== undefined) infoHashes.push(found.infoHashV2.subarray(0, 20));
  const totalLength = "files" in found ? found.totalLength : found.length;
  return { name: found.name, infoHashes, trackers: urls, totalLength };
}
