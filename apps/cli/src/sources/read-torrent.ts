import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Metainfo, type MetainfoError, type ParseOptions, parseTorrent } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { EXIT } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { tuneV8 } from "../process/tune-v8.ts";
import type { Stop } from "../stop.ts";
import { parseSource, type Source } from "./source.ts";

/** Larger .torrent files than this are refused: 128 MiB describe a payload of tens of terabytes, or a million files. */
export const DEFAULT_MAX_TORRENT_LENGTH: number = 128 * 1024 * 1024;

/** A torrent and where it came from. */
export interface LoadedTorrent {
  readonly metainfo: Metainfo;
  readonly bytes: Uint8Array;
  /** The argument that named it. */
  readonly origin: string;
}

export interface ReadOptions extends ParseOptions {
  /** Nothing may be sent past this proxy. */
  readonly proxy?: string | undefined;
}

/** The source behind an argument. */
export function findSource(text: string, io: Io): Source {
  return parseSource(text, (path) => existsSync(resolve(io.cwd, path)));
}

/** Reads and parses a .torrent from a file, the web or standard input. A magnet is a usage failure. */
export async function readTorrent(
  text: string,
  io: Io,
  stop: Stop,
  options?: ReadOptions,
): Promise<LoadedTorrent> {
  const source = findSource(text, io);
  if (source.kind === "url" && options?.proxy !== undefined)
    throw usageFailure(
      "a .torrent is not fetched from the web through --proxy yet, nor past it; download it and give the file",
    );
  if (source.kind === "magnet") {
    throw usageFailure(
      `cannot use a magnet link or info-hash here yet; give the .torrent file or its web address`,
    );
  }
  const bytes = await readBytes(source, io, stop);
  try {
    return { metainfo: parseTorrent(bytes, options), bytes, origin: text };
  } catch (cause) {
    throw badTorrent(text, bytes, cause);
  }
}

/** Up to so many sources it is worth more that Node's own modules are loaded first; see `tuneV8`. */
const FEW_SOURCES = 16;

/** Reads several, of which none may be there twice. All are read before anything begins, so that a mistake in the last comes early. */
export async function readTorrents(
  texts: readonly string[],
  io: Io,
  stop: Stop,
  options?: ReadOptions,
): Promise<LoadedTorrent[]> {
  // What is kept of many torrents makes the heap of young objects grow, for good.
  if (texts.length > FEW_SOURCES) tuneV8();
  const torrents = new Map<string, LoadedTorrent>();
  let isInputRead = false;
  for (const text of texts) {
    if (text === "-" && isInputRead)
      throw usageFailure("standard input can be read only once; give - only once");
    isInputRead ||= text === "-";
    const torrent = await readTorrent(text, io, stop, options);
    const { infoHash, infoHashV2 } = torrent.metainfo;
    const key = formatHex(infoHash ?? infoHashV2 ?? new Uint8Array());
    const twin = torrents.get(key);
    if (twin !== undefined) throw usageFailure(`${text} is the same torrent as ${twin.origin}; give it once`);
    torrents.set(key, torrent);
  }
  return [...torrents.values()];
}

async function readBytes(
  source: Exclude<Source, { kind: "magnet" }>,
  io: Io,
  stop: Stop,
): Promise<Uint8Array> {
  if (source.kind === "file") return readTorrentFile(source.path, io);
  if (source.kind === "stdin") return readStandardInput(io);
  const { fetchTorrent } = await import("./fetch-torrent.ts");
  return fetchTorrent(source.url, { maxLength: DEFAULT_MAX_TORRENT_LENGTH, signal: stop.signal });
}

function readTorrentFile(path: string, io: Io): Uint8Array {
  const place = resolve(io.cwd, path);
  try {
    const { size } = statSync(place);
    if (size > DEFAULT_MAX_TORRENT_LENGTH) throw tooLong(path);
    return readFileSync(place);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const folder = (cause as { code?: unknown }).code === "EISDIR";
    const advice = folder ? "give a .torrent file, or share the folder with bt seed" : "check the path";
    throw new Failure(
      EXIT.unreadable,
      "UNREADABLE",
      `cannot read ${path}: ${describeSystemError(cause)}; ${advice}`,
      {
        cause,
      },
    );
  }
}

async function readStandardInput(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > DEFAULT_MAX_TORRENT_LENGTH) throw tooLong("standard input");
  }
  if (length === 0) {
    throw new Failure(EXIT.unreadable, "UNREADABLE", "standard input is empty; pipe a .torrent file into bt");
  }
  return Buffer.concat(chunks);
}

function whyBad(bytes: Uint8Array, { code, data, message, cause }: Error & Partial<MetainfoError>): string {
  if (bytes.length === 0) return "it is empty";
  // "<": the usual case is a login or error page of a web site.
  if (bytes[0] === 0x3c) return "it is a web page";
  if (code !== "METAINFO_BENCODE") return message;
  const isCut = (cause as { code?: unknown }).code === "BENCODE_UNEXPECTED_END";
  return isCut
    ? "the end of it is missing"
    : `it is damaged, or none, from byte ${String(data?.["offset"])} on`;
}

function tooLong(what: string): Failure {
  return new Failure(
    EXIT.badTorrent,
    "TORRENT_TOO_LONG",
    `${what} is longer than 128 MiB; it is no .torrent file`,
  );
}

function badTorrent(text: string, bytes: Uint8Array, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("code" in cause)) return cause;
  const what = text === "-" ? "standard input" : text;
  const why = whyBad(bytes, cause as Error & Partial<MetainfoError>);
  return new Failure(EXIT.badTorrent, String(cause.code), `${what} is not a valid torrent: ${why}`, {
    cause,
  });
}
