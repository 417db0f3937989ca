import { formatEndpoint } from "@bt/primitives";
import type { AnnounceResponse, TrackerPeer } from "./announce-response.ts";

/** One tracker's answers over several address families as one: the peers of all, each once; the most careful interval. */
export function mergeAnswers(answers: readonly [AnnounceResponse, ...AnnounceResponse[]]): AnnounceResponse {
  const [first, ...others] = answers;
  if (others.length === 0) return first;
  const peers = new Map<string, TrackerPeer>();
  for (const answer of answers) for (const peer of answer.peers) peers.set(formatEndpoint(peer), peer);
  return {
    ...Object.assign({}, ...[...others, first]),
    intervalMs: Math.max(...answers.map(({ intervalMs }) => intervalMs)),
    peers: [...peers.values()],
  } as AnnounceResponse;
}
