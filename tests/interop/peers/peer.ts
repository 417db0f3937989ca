import type { Endpoint } from "../harness/endpoint.ts";
import type { Scope } from "../harness/scope.ts";

export interface PeerOptions {
  readonly scope: Scope;
  readonly torrentPath: string;
  /** Folder that holds the payload (a seeder) or receives it (a leecher). */
  readonly directory: string;
}

/** A client at work on one torrent. */
export interface Peer {
  readonly endpoint: Endpoint;
  /** Of a leecher: the client says that it has everything. Throws when it failed or ended too early. */
  isComplete(): Promise<boolean>;
  /** Ends the client; its files are whole on disk afterwards. */
  stop(): Promise<void>;
}

/** A kind of BitTorrent client, with all features off that reach beyond tracker and TCP. */
export interface PeerKind {
  readonly name: string;
  /** Executables and Python modules (`python:x`) that it needs. */
  readonly needs: readonly string[];
  /** Debian packages that hold them. */
  readonly packages: readonly string[];
  /** False: it never opens a connection to a loopback address, the other side has to. */
  readonly dialsLoopback: boolean;
  /** False: it leaves out files without bytes. */
  readonly makesEmptyFiles: boolean;
  /** Upper bound for a small torrent, start and stop included. */
  readonly patienceMs: number;
  /** Starts it on data that is there; it checks the data, then announces itself. */
  startSeeder(options: PeerOptions): Promise<Peer>;
  startLeecher(options: PeerOptions): Promise<Peer>;
}
