/**
 * A world for the engine that has no machine in it: virtual time, seeded chance, a network with latency and limits, disks
 * in memory with faults on demand, a tracker. The engine that runs in it is the real one, so a swarm of many peers
 * over hours of virtual time is an ordinary test, and a failing seed is a bug report that repeats itself.
 *
 * ```ts
 * import { Simulation } from "@bt/swarm-sim";
 *
 * const simulation = new Simulation({ seed: 1, metainfo, payload });
 * await simulation.addNode({ have: "all" });
 * await simulation.addNode();
 * await simulation.run(() => simulation.isComplete(), 60_000);
 * ```
 *
 * It is no model of congestion or packet loss: its streams are reliable, as TCP's are.
 *
 * @packageDocumentation
 */
export { Simulation, type SimNode, type SimNodeOptions, type SimulationOptions } from "./simulation.ts";
export { VirtualClock } from "./virtual-clock.ts";
export { SeededRandom } from "./seeded-random.ts";
export { DEFAULT_SIM_LINK, SimNetwork, type SimLink } from "./sim-network.ts";
export { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.ts";
export { SimTracker, type SimAnnounce } from "./sim-tracker.ts";
export { ScriptedPeer, type PeerScript } from "./scripted-peer.ts";
