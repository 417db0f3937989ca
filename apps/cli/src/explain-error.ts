import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";

/** An error as people and programs are told about it. */
export interface ExplainedError {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
}

/**
 * The exit code and the one-line message of anything that was thrown. The packages' errors are told apart by their
 * names and codes, so that this file loads none of them.
 */
export function explainError(error: unknown): ExplainedError {
  const code = codeOf(error) ?? "UNEXPECTED";
  const message = sentence(error instanceof Error ? error.message : String(error));
  if (error instanceof Failure) return { exitCode: error.exitCode, code, message };
  switch (error instanceof Error ? error.name : "") {
    case "MetainfoError":
    case "BencodeError":
      return { exitCode: EXIT.badTorrent, code, message };
    case "StorageError":
      return explainStorageError(code, message);
    case "TrackerError":
      return { exitCode: EXIT.network, code, message };
    case "EngineError":
      return { exitCode: ENGINE_EXIT[code] ?? EXIT.unexpected, code, message };
  }
  if (code === "ENOSPC" || code === "EDQUOT") return { exitCode: EXIT.diskFull, code: "DISK_FULL", message };
  if (NETWORK_CODES.has(code)) return { exitCode: EXIT.network, code, message };
  if (isSystemError(error)) return { exitCode: EXIT.disk, code, message };
  return { exitCode: EXIT.unexpected, code, message: `unexpected error: ${message}` };
}

/** The same as one of several parts of a line: without the full stop, and without a capital that only a sentence has. */
function sentence(message: string): string {
  return message.replace(/\.$/, "").replace(/^[A-Z](?=[a-z]* )/, (letter) => letter.toLowerCase());
}

function explainStorageError(code: string, message: string): ExplainedError {
  if (code !== "DISK_FULL") return { exitCode: EXIT.disk, code, message };
  return {
    exitCode: EXIT.diskFull,
    code,
    message: `${message} and run the same command again: it goes on where it stopped`,
  };
}

const ENGINE_EXIT: Readonly<Record<string, ExitCode>> = {
  ENGINE_LISTEN_FAILED: EXIT.network,
  ENGINE_TRACKER_FAILED: EXIT.network,
  ENGINE_DUPLICATE_TORRENT: EXIT.usage,
  ENGINE_UNSUPPORTED_TORRENT: EXIT.badTorrent,
};

const NETWORK_CODES: ReadonlySet<string> = new Set([
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { syscall?: unknown } | null | undefined)?.syscall === "string";
}

/** Why a file could not be read or written, in words. */
export function describeSystemError(error: unknown): string {
  const words = SYSTEM_WORDS[codeOf(error) ?? ""];
  return words ?? (error instanceof Error ? error.message : String(error));
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENAMETOOLONG: "the name is too long",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
};
