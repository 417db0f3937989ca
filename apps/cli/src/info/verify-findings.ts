import type { FileReport, VerifyReport } from "@bt/storage";
import { escapeText } from "../output/escape.ts";

/**
 * - `missing` it is not there · `length` it is too short or too long · `bad` bytes do not match
 * - `unchecked` its own bytes are there, but pieces that it shares with a missing or short file cannot be checked
 */
export type FileStatus = "ok" | "missing" | "length" | "bad" | "unchecked";

export interface FileFinding {
  /** `/`-joined, below the download folder. */
  readonly path: string;
  readonly status: FileStatus;
  readonly badPieces: readonly number[];
  readonly incompletePieces: readonly number[];
}

/** Lists of pieces longer than this are cut in the text for people. */
const MAX_LISTED_PIECES = 20;

/** One finding per file, in the torrent's order. */
export function fileFindings(report: VerifyReport): FileFinding[] {
  return report.files.map((file) => ({
    path: file.path.join("/"),
    status: statusOf(file),
    badPieces: file.badPieces,
    incompletePieces: file.incompletePieces,
  }));
}

/** `album/02.flac: does not match (pieces 3, 4)`. */
export function findingLine(finding: FileFinding): string {
  return `${escapeText(finding.path)}: ${WORDS[finding.status]}${pieceList(piecesOf(finding))}`;
}

/** The pieces that the status is about: of a file that is missing or short all that it has a part in and that are not whole. */
function piecesOf({ status, badPieces, incompletePieces }: FileFinding): readonly number[] {
  if (status === "bad") return badPieces;
  if (status === "unchecked") return incompletePieces;
  return [...new Set([...badPieces, ...incompletePieces])].sort((a, b) => a - b);
}

const WORDS: Readonly<Record<FileStatus, string>> = {
  ok: "ok",
  missing: "missing",
  length: "has another length",
  bad: "does not match",
  unchecked: "cannot be checked without its neighbors",
};

function statusOf({ missing, wrongLength, badPieces, incompletePieces }: FileReport): FileStatus {
  if (missing) return "missing";
  if (wrongLength) return "length";
  if (badPieces.length > 0) return "bad";
  return incompletePieces.length > 0 ? "unchecked" : "ok";
}

function pieceList(pieces: readonly number[]): string {
  if (pieces.length === 0) return "";
  const more = pieces.length > MAX_LISTED_PIECES ? ` and ${pieces.length - MAX_LISTED_PIECES} more` : "";
  return ` (${pieces.length === 1 ? "piece" : "pieces"} ${pieces.slice(0, MAX_LISTED_PIECES).join(", ")}${more})`;
}
