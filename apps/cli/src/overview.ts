import { COMMANDS } from "./command-list.ts";

/** What `bt --help` prints. It is written without the argument parser, which would cost a tenth of the start-up. */
export function overview(): string {
  const width = Math.max(...COMMANDS.map(({ usage }) => usage.length)) + 2;
  const commands = COMMANDS.map(({ usage, summary }) => `  ${usage.padEnd(width)}${summary}`);
  return `bt: a BitTorrent client for the command line

Usage: bt [command] [options]

Commands:
${commands.join("\n")}

A source is a .torrent file, the http(s) address of one, or - (a .torrent on standard input);
info also takes a magnet link or an info-hash.

Options of every command:
  -q, --quiet     print errors only
  -v, --verbose   say more; show where an error came from
  --no-color      no colors (as the variable NO_COLOR)
  -h, --help      help for bt or for one command
  -V, --version   print the version

bt <command> --help shows the options of a command. Options can also be set in the
environment (not those of edit): --max-down 2M is BT_MAX_DOWN=2M.

Examples:
  bt debian.torrent -o ~/Downloads
  bt seed ./album --tracker http://tracker.example/announce
  bt info debian.torrent
`;
}
