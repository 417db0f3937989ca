import type { DhtNodeAddress } from "./metainfo.ts";

/** What a magnet link says (BEP 9, BEP 52, BEP 53). At least one of the info-hashes is there. */
export interface Magnet {
  /** `xt=urn:btih:`, 20 bytes. */
  readonly infoHash?: Uint8Array;
  /** `xt=urn:btmh:1220`, 32 bytes. */
  readonly infoHashV2?: Uint8Array;
  /** `dn`: a name for display until the metadata is there; not cleaned, so no path. */
  readonly name?: string;
  /** `xl`: bytes of the payload, as the link claims. */
  readonly length?: number;
  /** `tr`: each tracker is a tier of its own, as in other clients. */
  readonly trackers: readonly (readonly string[])[];
  /** `ws` (BEP 19). */
  readonly webSeeds: readonly string[];
  /** `as`: URLs of the payload. */
  readonly acceptableSources: readonly string[];
  /** `xs`: where the .torrent is, among others. */
  readonly exactSources: readonly string[];
  /** `x.pe`; hosts may be names. */
  readonly peers: readonly DhtNodeAddress[];
  /** `dht`, as libtorrent writes. */
  readonly nodes: readonly DhtNodeAddress[];
  /** `so` (BEP 53): indices of the wanted files, rising; absent when all are. */
  readonly select?: readonly number[];
  /** `kt`: search words. */
  readonly keywords: readonly string[];
  /** All other parameters, decoded, in order. */
  readonly others: readonly (readonly [key: string, value: string])[];
}
