import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandEntry, COMMANDS } from "./command-list.ts";
import { nearestWord } from "./did-you-mean.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { escapeText } from "./output/escape.ts";
import { overview } from "./overview.ts";
import { readVersion } from "./version.ts";

/** Flags that may stand before the command's name. */
const LEADING_FLAGS = new Set(["-q", "--quiet", "-v", "--verbose", "--no-color", "--json"]);

/** Runs `bt` with these arguments and says how to exit. It never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const at = argv.findIndex((argument) => !LEADING_FLAGS.has(argument));
  const first = argv[at];
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  switch (first) {
    case undefined:
      io.stderr.write(overview());
      return EXIT.usage;
    case "--help":
    case "-h":
      io.stdout.write(overview());
      return EXIT.ok;
    case "--version":
    case "-V":
      io.stdout.write(`${readVersion()}\n`);
      return EXIT.ok;
    case "help":
      return help(rest, io);
  }
  const entry = findCommand(first);
  if (entry !== undefined) return start(entry, rest, io);
  if (isMistypedCommand(first, io)) return refuseWord(first, io);
  return start(COMMANDS[0]!, argv, io);
}

async function start(entry: CommandEntry, args: readonly string[], io: Io): Promise<ExitCode> {
  return (await entry.load()).start(args, io);
}

async function help(args: readonly string[], io: Io): Promise<ExitCode> {
  const name = args.find((argument) => !LEADING_FLAGS.has(argument));
  if (name === undefined) {
    io.stdout.write(overview());
    return EXIT.ok;
  }
  const entry = findCommand(name);
  return entry === undefined ? refuseWord(name, io) : start(entry, ["--help"], io);
}

function findCommand(name: string): CommandEntry | undefined {
  return COMMANDS.find((entry) => entry.name === name);
}

/** `bt donwload x.torrent`: the first word is no command, and no source either. */
function isMistypedCommand(word: string, io: Io): boolean {
  if (!/^[a-z]+(-[a-z]+)*$/i.test(word)) return false;
  return !existsSync(resolve(io.cwd, word));
}

function refuseWord(word: string, io: Io): ExitCode {
  const names = COMMANDS.map(({ name }) => name);
  const meant = nearestWord(word.toLowerCase(), names);
  const advice = meant === undefined ? "bt --help lists the commands" : `did you mean bt ${meant}?`;
  io.stderr.write(`bt: "${escapeText(word)}" is neither a command nor a file; ${advice}\n`);
  return EXIT.usage;
}
