import type { PeerRecord } from "./peer-book.ts";
import type { TorrentState } from "./torrent-state.ts";

/** Pieces, and failed versions of each, that are remembered until the good piece is there. */
const MAXIMUM_SUSPICIONS = 16;
const MAXIMUM_VERSIONS = 4;

/**
 * A piece failed its hash. Its only sender is the liar; of several nobody is blamed yet, but what each of them sent is
 * remembered, and the piece is fetched from one peer alone. Returns whether that is to be so.
 */
export function accuse(t: TorrentState, piece: number, senders: readonly PeerRecord[]): boolean {
  const suspects = new Set(senders);
  const decision = t.policies.blame({ senderCount: suspects.size });
  const digests = t.disk.takeFailedDigests(piece);
  if (decision.ban) for (const suspect of suspects) ban(t, suspect);
  else if (digests !== undefined) {
    const versions = t.suspicions.get(piece) ?? [];
    if (
      versions.length < MAXIMUM_VERSIONS &&
      (versions.length > 0 || t.suspicions.size < MAXIMUM_SUSPICIONS)
    ) {
      versions.push({ senders, digests });
      t.suspicions.set(piece, versions);
    }
  }
  return decision.parole;
}

/** The piece is right now: its blocks will show which of those of the failed versions were not. */
export function askForGoodBlocks(t: TorrentState, piece: number): void {
  t.disk.digestBlocks(piece).then(
    (digests) => t.handleLater({ type: "good-blocks-known", piece, digests }),
    // Without the good blocks nobody can be convicted; the disk's fault shows itself elsewhere.
    () => t.suspicions.delete(piece),
  );
}

/** Bans whoever sent a block that differs from the good one: proof, not guess (libtorrent's smart ban). */
export function banLiars(t: TorrentState, piece: number, good: readonly string[]): void {
  const versions = t.suspicions.get(piece) ?? [];
  t.suspicions.delete(piece);
  for (const { senders, digests } of versions)
    for (const [block, sender] of senders.entries()) if (digests[block] !== good[block]) ban(t, sender);
}

function ban(t: TorrentState, record: PeerRecord): void {
  if (record.banned) return;
  t.book.ban(record);
  for (const peer of t.peers) if (peer.record === record) peer.link.close("sent bad data");
}
