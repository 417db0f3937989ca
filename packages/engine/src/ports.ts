/**
 * What the engine needs from outside. It is given all of it at construction: `@bt/engine/node` makes the real ones,
 * `@bt/swarm-sim` the simulated ones, and nothing in the engine knows which it has.
 */
import type { Metainfo } from "@bt/metainfo";
import type { Bitfield, Endpoint } from "@bt/primitives";
import type { AnnounceParameters, AnnounceResponse } from "@bt/tracker";

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `callback` once, at `at` or soon after. Returns what cancels it. */
  callAt(at: number, callback: () => void): () => void;
}

export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** Unpredictable bytes: peer ids, keys. */
  bytes(length: number): Uint8Array;
}

/** What happens on a stream; the engine hands one of these over for each connection. */
export interface StreamHandler {
  /** Dialled streams only. */
  onConnected(): void;
  /** `source[0, length)` is readable during the call only: the buffer is reused for every stream. */
  onData(source: Uint8Array, length: number): void;
  /** Called exactly once, also when the stream never opened. */
  onClosed(error: Error | undefined): void;
}

/** A byte stream to a peer. */
export interface Stream {
  readonly remote: Endpoint;
  /** Bytes given to `write` that the system has not taken yet. */
  readonly unsentLength: number;
  /** Takes `bytes` over: they must not change until `onWritten`, which is called also when the stream breaks. */
  write(bytes: Uint8Array, onWritten?: () => void): void;
  /** Ends the stream now; `onClosed` follows, never from within this call. */
  close(): void;
}

export interface Listener {
  /** 0 when nobody can connect to us. */
  readonly port: number;
  close(): void;
}

export interface Transport {
  dial(endpoint: Endpoint, handler: StreamHandler): Stream;
  listen(port: number, accept: (stream: Stream) => StreamHandler): Promise<Listener>;
}

/** One piece on its way in; see `PieceBuffer` of `@bt/storage`. */
export interface PieceSink {
  readonly piece: number;
  put(offset: number, source: Uint8Array, start: number, end: number): void;
  blockDone(offset: number, length: number): void;
}

export interface ReadTarget {
  /** Torrent offset of the first byte. */
  offset: number;
  into: Uint8Array;
}

/** The bytes of one torrent; `TorrentStorage` of `@bt/storage` is one. */
export interface TorrentDisk {
  /**
   * Finds out what is there. May be called again when nothing is open any more, after a failure or to hash everything: then
   * the files are opened anew, after what was under way has come to its end.
   */
  open(options: {
    recheck: "auto" | "all";
    /** As for `setUnwanted`. */
    unwanted?: ReadonlySet<number>;
    /** There was data before: when nothing at all is left of it, opening fails. */
    expectData?: boolean;
    signal: AbortSignal;
    onProgress(checked: number, total: number): void;
  }): Promise<Bitfield>;
  /** Files that nobody wants: they are not made for the sake of the pieces that they share with wanted ones. */
  setUnwanted(fileIndices: ReadonlySet<number>): Promise<void>;
  /** `undefined` when the byte budget is spent. */
  acquire(piece: number): PieceSink | undefined;
  discard(sink: PieceSink): void;
  /** Resolves to whether the piece matched its hash; if so it has been written. */
  commit(sink: PieceSink): Promise<boolean>;
  /** Digests of the blocks with which a piece failed last; see `TorrentStorage` of `@bt/storage`. */
  takeFailedDigests(piece: number): readonly string[] | undefined;
  /** Digests of the blocks of a piece that is there. */
  digestBlocks(piece: number): Promise<readonly string[]>;
  read(targets: readonly ReadTarget[]): Promise<void>;
  /** Resolves when everything that was committed is safe from a power cut. */
  flush(): Promise<void>;
  /** Brings the data into another folder while it is used; see `TorrentStorage` of `@bt/storage`. */
  move(root: string, onMoved: () => Promise<void> | void): Promise<void>;
  /** Another path below the download folder for a file or a folder. */
  rename(path: readonly string[], newPath: readonly string[]): Promise<void>;
  /** Where a file lies below the download folder. */
  pathOf(fileIndex: number): readonly string[];
  close(): Promise<void>;
  removeJournal(): Promise<void>;
  /** Closes and deletes what is ours. */
  deleteData(): Promise<void>;
}

export interface DiskPort {
  openTorrent(metainfo: Metainfo, root: string): TorrentDisk;
  /** After the last torrent was closed. */
  close(): Promise<void>;
}

export interface TrackerPort {
  /**
   * A tracker may be reached over IPv4 and IPv6: the promise brings the first answer, `onFurtherAnswer` a later one.
   * `signal` ends both.
   */
  announce(
    url: string,
    parameters: AnnounceParameters,
    signal: AbortSignal,
    onFurtherAnswer: (response: AnnounceResponse) => void,
  ): Promise<AnnounceResponse>;
  close(): void;
}

export interface EnginePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly disk: DiskPort;
  readonly tracker: TrackerPort;
}
