/** What happens during a download or a seed, exactly as `--json` prints it: one object a line. */
export type TransferEvent =
  | { readonly event: "listening"; readonly port: number }
  | {
      readonly event: "metadata";
      /** Hexadecimal; null when the torrent has no hash of that version. */
      readonly infoHash: string | null;
      readonly infoHashV2: string | null;
      readonly name: string;
      readonly totalLength: number;
      readonly pieceCount: number;
      /** Only of a torrent that was made on the spot. */
      readonly magnet?: string;
    }
  | ({ readonly event: "progress" } & ProgressFacts)
  | { readonly event: "file"; readonly infoHash: string; readonly path: string; readonly length: number }
  | {
      readonly event: "complete";
      readonly infoHash: string;
      readonly name: string;
      readonly totalLength: number;
      /** Bytes of payload that arrived in this run, and how long it took. */
      readonly receivedLength: number;
      readonly seconds: number;
    }
  | { readonly event: "seeding"; readonly infoHash: string; readonly name: string }
  | {
      readonly event: "warning";
      readonly infoHash: string | null;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly event: "error";
      readonly infoHash: string | null;
      readonly code: string;
      readonly message: string;
    };

export interface ProgressFacts {
  readonly infoHash: string;
  /** Verified bytes, those that were there before included. */
  readonly downloaded: number;
  readonly total: number;
  readonly uploaded: number;
  /** Bytes per second. */
  readonly downRate: number;
  readonly upRate: number;
  readonly peers: number;
  /** Peers that have everything. */
  readonly seeds: number;
  /** null when it cannot be told. */
  readonly etaSeconds: number | null;
}

/** A torrent's progress with what only people want to see. */
export interface ProgressRow {
  readonly name: string;
  /** `complete`: everything is there, and the command waits for others only. */
  readonly state: "checking" | "downloading" | "complete" | "seeding" | "paused" | "error" | "closed";
  /** 0 to 1 while existing data is checked. */
  readonly checkedFraction: number;
  readonly facts: ProgressFacts;
}

/** Where the events of a transfer go: JSON lines, a progress bar or plain lines. */
export interface TransferView {
  /** How often {@link progress} should be called. */
  readonly intervalMs: number;
  emit(event: TransferEvent): void;
  /** Always the same torrents in the same order; one with the row of the last call has nothing new. `now`: monotonic ms. */
  progress(rows: readonly ProgressRow[], now: number): void;
  /** A sentence for people only. */
  say(text: string): void;
  /** Only with `--verbose`. */
  detail(text: string): void;
  /** Leaves the terminal clean. */
  close(): void;
}
