import type { Command } from "./command.ts";

/** A command before it is loaded. */
export interface CommandEntry {
  readonly name: string;
  /** What follows `bt` in the overview. */
  readonly usage: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command; the code behind one is loaded only when it is called. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "download",
    usage: "[download] <source...>",
    summary: "download torrents, then exit; goes on with what is already there",
    load: async () => (await import("./commands/download.ts")).download,
  },
  {
    name: "seed",
    usage: "seed <path|torrent...>",
    summary: "share files or folders, or the data of torrents",
    load: async () => (await import("./commands/seed.ts")).seed,
  },
  {
    name: "create",
    usage: "create <path>",
    summary: "make a torrent of a file or folder",
    load: async () => (await import("./commands/create.ts")).create,
  },
  {
    name: "info",
    usage: "info <source>",
    summary: "show what is in a torrent or magnet",
    load: async () => (await import("./commands/info.ts")).info,
  },
  {
    name: "verify",
    usage: "verify <torrent> <dir>",
    summary: "check data on disk against its hashes",
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "magnet",
    usage: "magnet <torrent>",
    summary: "print the magnet link of a torrent",
    load: async () => (await import("./commands/magnet.ts")).magnet,
  },
  {
    name: "edit",
    usage: "edit <torrent>",
    summary: "change a torrent's trackers, web seeds and comment",
    load: async () => (await import("./commands/edit.ts")).edit,
  },
  {
    name: "tracker",
    usage: "tracker",
    summary: "run a tracker until Ctrl-C",
    load: async () => (await import("./commands/tracker.ts")).tracker,
  },
  {
    name: "scrape",
    usage: "scrape <source>",
    summary: "ask trackers how many seeders and leechers a torrent has",
    load: async () => (await import("./commands/scrape.ts")).scrape,
  },
  {
    name: "announce",
    usage: "announce <source>",
    summary: "ask trackers for peers of a torrent",
    load: async () => (await import("./commands/announce.ts")).announce,
  },
  {
    name: "demo",
    usage: "demo",
    summary: "show the whole pipeline on this machine, without a network",
    load: async () => (await import("./commands/demo.ts")).demo,
  },
];
