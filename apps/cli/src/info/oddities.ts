import { isTrackerUrl, isWebSeedUrl, type Metainfo } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { formatCount, formatLength } from "../output/units.ts";
import { nameWarnings } from "./changed-names.ts";

/** BEP 3 speaks of powers of two; BEP 52 has 16 KiB as the least. */
const MIN_USUAL_PIECE_LENGTH = 16 * 1024;
/** Several clients refuse larger pieces, or cannot make them: our `create` chooses none that are. */
const MAX_USUAL_PIECE_LENGTH = 16 * 1024 * 1024;
/** In v1 that is 2 MB of hashes, which trackers refuse and which a magnet link has to fetch first. */
const MAX_USUAL_PIECE_COUNT = 100_000;
/** A clock may be wrong by a time zone. */
const CLOCK_TOLERANCE_S = 86_400;
/** Beyond this year 9999 in seconds, milliseconds were meant. */
const LAST_SECOND = 253_402_300_799;
/** Of URLs that cannot be used, so many are named. */
const MAX_NAMED_URLS = 3;

/** What is odd about a torrent, one line each; `now` is Unix time in seconds. Empty for most torrents. */
export function oddities(metainfo: Metainfo, now: number): string[] {
  return [
    ...nameWarnings(metainfo),
    ...unusable("tracker", metainfo.trackers.flat(), isTrackerUrl),
    ...unusable("web seed", metainfo.webSeeds, isWebSeedUrl),
    ...unusable("HTTP seed", metainfo.httpSeeds, isWebSeedUrl),
    ...sourceOddities(metainfo),
    ...pieceOddities(metainfo),
    ...duplicateFiles(metainfo),
    ...dateOddities(metainfo.creationDate, now),
  ];
}

function unusable(what: string, urls: readonly string[], isUsable: (url: string) => boolean): string[] {
  const bad = urls.filter((url) => !isUsable(url));
  if (bad.length === 0) return [];
  const more = bad.length > MAX_NAMED_URLS ? ` and ${bad.length - MAX_NAMED_URLS} more` : "";
  const named = bad.slice(0, MAX_NAMED_URLS).join(", ");
  return [`${formatCount(bad.length, what)} of an unknown scheme: ${named}${more}`];
}

function sourceOddities({ private: isPrivate, trackers, nodes }: Metainfo): string[] {
  const warnings: string[] = [];
  const hasTracker = trackers.flat().some(isTrackerUrl);
  if (isPrivate && !hasTracker) warnings.push("it is private and has no tracker: peers cannot be found");
  else if (!hasTracker) warnings.push("it has no tracker: peers can only be found in other ways");
  if (isPrivate && nodes.length > 0)
    warnings.push("it is private, so that its DHT nodes are not asked for peers");
  return warnings;
}

function pieceOddities({ pieceLength, pieceCount, hasPieceLayers }: Metainfo): string[] {
  const warnings: string[] = [];
  if (!Number.isInteger(Math.log2(pieceLength)))
    warnings.push(`the piece length of ${pieceLength} bytes is no power of two`);
  if (pieceLength < MIN_USUAL_PIECE_LENGTH || pieceLength > MAX_USUAL_PIECE_LENGTH)
    warnings.push(
      `a piece length of ${formatLength(pieceLength)} is unusual; other clients may refuse it (16 KiB to 16 MiB is common)`,
    );
  if (pieceCount > MAX_USUAL_PIECE_COUNT)
    warnings.push(`it has very many pieces: ${pieceCount}; larger pieces would make a smaller torrent`);
  if (!hasPieceLayers)
    warnings.push(
      "its piece layers are missing: without peers that have them its v2 pieces cannot be checked",
    );
  return warnings;
}

/** Files of the same content, as far as their hashes in the torrent (BEP 47 `sha1`, BEP 52 `pieces root`) tell. */
function duplicateFiles({ files }: Metainfo): string[] {
  const first = new Map<string, string>();
  let count = 0;
  let example = "";
  for (const file of files) {
    const hash = file.piecesRoot ?? file.sha1;
    if (file.pad || file.length === 0 || hash === undefined) continue;
    const key = `${file.length} ${formatHex(hash)}`;
    const path = file.path.join("/");
    const twin = first.get(key);
    if (twin === undefined) first.set(key, path);
    else if (count++ === 0) example = `${path} is the same as ${twin}`;
  }
  return count === 0 ? [] : [`${formatCount(count, "file is", "files are")} there twice: ${example}`];
}

function dateOddities(creationDate: number | undefined, now: number): string[] {
  if (creationDate === undefined) return [];
  if (creationDate > LAST_SECOND) return ["its creation date is not in seconds"];
  return creationDate > now + CLOCK_TOLERANCE_S ? ["its creation date is in the future"] : [];
}
