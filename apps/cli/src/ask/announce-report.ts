import { formatEndpoint } from "@bt/primitives";
import type { AnnounceResponse } from "@bt/tracker";
import { escapeText } from "../output/escape.ts";
import { formatCount, formatDuration } from "../output/units.ts";

/** One answer as an object for programs. */
export function announceEvent(
  tracker: string,
  infoHash: string,
  answer: AnnounceResponse,
): Record<string, unknown> {
  return {
    event: "announce",
    tracker,
    infoHash,
    intervalSeconds: answer.intervalMs / 1_000,
    minIntervalSeconds: answer.minIntervalMs === undefined ? null : answer.minIntervalMs / 1_000,
    seeders: answer.seederCount ?? null,
    leechers: answer.leecherCount ?? null,
    downloads: answer.completedCount ?? null,
    externalIp: answer.externalAddress ?? null,
    warning: answer.warning ?? null,
    peers: [...answer.peers, ...(answer.namedPeers ?? [])].map(formatEndpoint),
  };
}

/** … and as lines for people: what the tracker says, then a peer in each line. */
export function announceLines(
  tracker: string,
  infoHash: string,
  answer: AnnounceResponse,
  hashCount: number,
): string[] {
  const peers = [...answer.peers, ...(answer.namedPeers ?? [])];
  const facts = [formatCount(peers.length, "peer")];
  if (answer.seederCount !== undefined) facts.push(formatCount(answer.seederCount, "seeder"));
  if (answer.leecherCount !== undefined) facts.push(formatCount(answer.leecherCount, "leecher"));
  facts.push(`next announce in ${formatDuration(answer.intervalMs / 1_000)}`);
  if (answer.minIntervalMs !== undefined)
    facts.push(`not before ${formatDuration(answer.minIntervalMs / 1_000)}`);
  if (answer.externalAddress !== undefined) facts.push(`it sees us at ${answer.externalAddress}`);
  const place = hashCount > 1 ? `${escapeText(tracker)} (${infoHash})` : escapeText(tracker);
  return [
    `${place}: ${facts.join(", ")}`,
    ...(answer.warning === undefined ? [] : [`  warning: ${escapeText(answer.warning)}`]),
    ...peers.map((peer) => `  ${escapeText(formatEndpoint(peer))}`),
  ];
}
