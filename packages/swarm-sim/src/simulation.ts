import type { Metainfo } from "@bt/metainfo";
import {
  createSession,
  type AddTorrentOptions,
  type Session,
  type SessionOptions,
  type Torrent,
  type Transport,
} from "@bt/engine";
import { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.ts";
import { SeededRandom } from "./seeded-random.ts";
import { DEFAULT_SIM_LINK, SimNetwork, type SimLink } from "./sim-network.ts";
import { SimTracker } from "./sim-tracker.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface SimulationOptions {
  /** The same seed gives the same run, event by event. */
  readonly seed: number;
  readonly metainfo: Metainfo;
  /** The torrent's bytes. */
  readonly payload: Uint8Array;
}

export interface SimNodeOptions {
  readonly have?: MemoryDiskOptions["have"];
  readonly link?: Partial<SimLink>;
  readonly disk?: Omit<MemoryDiskOptions, "truth" | "have">;
  readonly session?: Omit<SessionOptions, "ports" | "port">;
  readonly torrent?: Omit<AddTorrentOptions, "root">;
}

/** One client in the simulation. */
export interface SimNode {
  readonly host: string;
  readonly session: Session;
  readonly torrent: Torrent;
  readonly disk: MemoryDisk;
}

/** A swarm around one torrent, made of real engines on simulated ports. */
export class Simulation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly tracker: SimTracker;
  readonly metainfo: Metainfo;
  readonly payload: Uint8Array;
  readonly nodes: SimNode[] = [];
  #hostCount = 0;

  constructor(options: SimulationOptions) {
    this.random = new SeededRandom(options.seed);
    this.network = new SimNetwork(this.clock, this.random);
    this.tracker = new SimTracker(this.clock, this.random);
    this.metainfo = options.metainfo;
    this.payload = options.payload;
  }

  /** A host without a client: for scripted peers. */
  addHost(link: Partial<SimLink> = {}): { host: string; transport: Transport } {
    const n = ++this.#hostCount;
    const host = `10.0.${n >> 8}.${n & 255}`;
    return { host, transport: this.network.addHost(host, { ...DEFAULT_SIM_LINK, ...link }) };
  }

  async addNode(options: SimNodeOptions = {}): Promise<SimNode> {
    const { host, transport } = this.addHost(options.link);
    const disk = new MemoryDisk(this.clock, {
      truth: this.payload,
      ...(options.have === undefined ? {} : { have: options.have }),
      ...options.disk,
    });
    const session = await createSession({
      ...options.session,
      port: 6881,
      ports: { clock: this.clock, random: this.random, transport, disk, tracker: this.tracker.portFor(host) },
    });
    const torrent = session.add(this.metainfo, {
      root: "/",
      trackers: [["http://tracker.sim/announce"]],
      ...options.torrent,
    });
    const node: SimNode = { host, session, torrent, disk };
    this.nodes.push(node);
    return node;
  }

  /** Runs until `isDone`, at most `limitMs` of virtual time; whether it came to that. */
  run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    return this.clock.run(isDone, this.clock.now() + limitMs);
  }

  /** Whether every node has everything, byte for byte. */
  isComplete(): boolean {
    return this.nodes.every((node) => node.torrent.state === "seeding");
  }
}
