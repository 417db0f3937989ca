import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ShownTorrent {
  readonly name: string;
  readonly infoHash: string;
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly private: boolean;
  readonly trackers: readonly (readonly string[])[];
  readonly files: readonly { path: string; size: ShownSize }[];
  readonly totalSize: ShownSize;
}

/** What a rounded size can stand for, in bytes. */
export interface ShownSize {
  readonly least: number;
  readonly most: number;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, KiB: 2 ** 10, MiB: 2 ** 20 };

/** Runs `transmission-show` (3.00) and reads what it prints for people. */
export async function transmissionShow(torrentPath: string): Promise<ShownTorrent> {
  const { stdout } = await run("transmission-show", [torrentPath], {
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  const field = (label: string): string => {
    const found = new RegExp(`^  ${label}: (.*)$`, "mu").exec(stdout)?.[1];
    if (found === undefined) throw new Error(`transmission-show prints no "${label}"\n${stdout}`);
    return found;
  };
  const sections = stdout.split(/^(?=[A-Z]+$)/m);
  const section = (heading: string): string =>
    sections.find((text) => text.startsWith(`${heading}\n`))?.slice(heading.length) ?? "";
  const pieceSize = readSize(field("Piece Size"));
  return {
    name: field("Name"),
    infoHash: field("Hash"),
    pieceCount: Number(field("Piece Count")),
    pieceLength: (pieceSize.least + pieceSize.most) / 2,
    private: field("Privacy") === "Private torrent",
    trackers: section("TRACKERS")
      .split(/^ {2}Tier #\d+$/m)
      .map((tier) => tier.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()])))
      .filter((tier) => tier.length > 0),
    files: section("FILES")
      .split("\n")
      .flatMap((line) => {
        const [, path, size] = /^ {2}(.*) \(([^()]+)\)$/.exec(line) ?? [];
        return path === undefined || size === undefined ? [] : [{ path, size: readSize(size) }];
      }),
    totalSize: readSize(field("Total Size")),
  };
}

/** It cuts in one place and rounds in another, so each size may be off by one in its last digit. */
function readSize(text: string): ShownSize {
  const [, digits, unit = ""] = /^([\d.]+) (\w+)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined) throw new Error(`transmission-show: size "${text}"`);
  const grain = factor / 10 ** (digits.split(".")[1]?.length ?? 0);
  const value = Number(digits) * factor;
  return { least: value - grain, most: value + grain };
}
