import { usageFailure } from "../failure.ts";
import { parseBindAddress, parseHostAndPort } from "../values/address.ts";
import { parseSelectList } from "../values/file-list.ts";
import { parseDuration } from "../values/duration.ts";
import { parseMemory, parseRate } from "../values/length.ts";
import { parsePort, parseRatio, wholeNumber } from "../values/number.ts";
import { parseTrackerTier } from "../values/tracker-tier.ts";
import { listOption, parseText, switchOption, valueOption } from "./option-spec.ts";

/** Options about the network, shared by `download` and `seed`. */
export const NETWORK_OPTIONS = {
  port: valueOption("-p, --port <n>", "port to listen on (default 0: any free one)", parsePort),
  bind: valueOption("--bind <address>", "address to listen on and connect from", parseBindAddress),
  peer: listOption("--peer <host:port>", "connect to this peer (repeatable)", parseHostAndPort),
  tracker: listOption(
    "--tracker <url>",
    "ask this tracker too (repeatable; commas put several into one tier)",
    parseTrackerTier,
  ),
  proxy: valueOption(
    "--proxy <url>",
    "reach peers and trackers through http://host:port or socks5://host:port, and nothing past it",
    parseText,
  ),
  noTrackers: switchOption("--no-trackers", "ask no tracker at all"),
  maxDown: valueOption("--max-down <rate>", "download at most so much a second, e.g. 500K or 2M", parseRate),
  maxUp: valueOption("--max-up <rate>", "upload at most so much a second", parseRate),
  maxPeers: valueOption(
    "--max-peers <n>",
    "connect to at most so many peers",
    wholeNumber("a number of peers", 1, 65_535),
  ),
  memory: valueOption("--memory <size>", "keep to about so much memory, at least 64M", parseMemory),
} as const;

/** When to stop seeding. */
export const SEEDING_OPTIONS = {
  seedRatio: valueOption("--seed-ratio <r>", "seed until r times the size is uploaded", parseRatio),
  seedTime: valueOption("--seed-time <t>", "seed for so long, e.g. 90s, 5m or 1h", parseDuration),
} as const;

function parseAllocation(text: string): "sparse" | "full" {
  if (text === "sparse" || text === "full") return text;
  throw usageFailure(`"${text}" is neither sparse nor full`);
}

export const LIST_OPTION = {
  list: switchOption("--list", "list the files with their numbers, and do nothing else"),
} as const;

export const DOWNLOAD_OPTIONS = {
  out: valueOption("-o, --out <dir>", "download folder (default: the current one)", parseText),
  ...NETWORK_OPTIONS,
  seed: switchOption("--seed", "go on seeding when complete, until Ctrl-C"),
  ...SEEDING_OPTIONS,
  timeout: valueOption("--timeout <t>", "give up when nothing arrives for so long, e.g. 5m", parseDuration),
  noResume: switchOption("--no-resume", "trust no saved state: check the data that is there by its hashes"),
  select: valueOption(
    "--select <list>",
    "download only these files: numbers of --list, ranges, names, folders, patterns; e.g. 1,3-5,*.mkv",
    parseSelectList,
  ),
  allocation: valueOption(
    "--allocation <kind>",
    "sparse (default): files take room as data comes; full: all of it at once",
    parseAllocation,
  ),
  ...LIST_OPTION,
} as const;
