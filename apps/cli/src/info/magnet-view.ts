import { formatFileSelection, type Magnet } from "@bt/metainfo";
import { formatHex } from "@bt/primitives";
import { escapeText } from "../output/escape.ts";
import { formatLength } from "../output/units.ts";
import { hexOrNull } from "./torrent-json.ts";
import { formatRows, pushList } from "./torrent-text.ts";

/** What `bt info --json` prints of a magnet link. `select` holds file indices, null when all files are wanted. */
export function magnetJson(magnet: Magnet): Record<string, unknown> {
  return {
    infoHash: hexOrNull(magnet.infoHash),
    infoHashV2: hexOrNull(magnet.infoHashV2),
    name: magnet.name ?? null,
    trackers: magnet.trackers,
    webSeeds: magnet.webSeeds,
    peers: magnet.peers.map(formatAddress),
    select: magnet.select ?? null,
    length: magnet.length ?? null,
  };
}

/** What `bt info` prints of a magnet link for people. */
export function magnetText(magnet: Magnet): string {
  const rows: [label: string, value: string][] = [["Name", escapeText(magnet.name ?? "(none)")]];
  if (magnet.infoHash !== undefined) rows.push(["Info-hash", formatHex(magnet.infoHash)]);
  if (magnet.infoHashV2 !== undefined) rows.push(["Info-hash v2", formatHex(magnet.infoHashV2)]);
  if (magnet.length !== undefined) rows.push(["Size", `${formatLength(magnet.length)} (as the link claims)`]);
  pushList(rows, "Trackers", magnet.trackers.flat());
  pushList(rows, "Web seeds", magnet.webSeeds);
  pushList(rows, "Sources", [...magnet.exactSources, ...magnet.acceptableSources]);
  pushList(rows, "Peers", magnet.peers.map(formatAddress));
  pushList(rows, "DHT nodes", magnet.nodes.map(formatAddress));
  if (magnet.select !== undefined) rows.push(["Files", formatFileSelection(magnet.select)]);
  if (magnet.keywords.length > 0) rows.push(["Keywords", escapeText(magnet.keywords.join(" "))]);
  pushList(
    rows,
    "Other",
    magnet.others.map(([key, value]) => `${key}=${value}`),
  );
  return `${formatRows(rows).join("\n")}\n`;
}

/** What is odd about a magnet link, one line each. */
export function magnetOddities({ trackers, peers, nodes, exactSources }: Magnet): string[] {
  const isBare = [trackers, peers, nodes, exactSources].every((places) => places.length === 0);
  return isBare ? ["it names no tracker and no peer: peers can only be found in other ways"] : [];
}

function formatAddress({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
