/**
 * The engine with Node's sockets, files, clock and chance.
 *
 * @packageDocumentation
 */
import { createTrackerClient, parseProxyUrl } from "@bt/tracker";
import type { EnginePorts } from "../ports.ts";
import { createProxyTransport } from "../proxy-transport.ts";
import { createSession, type Session, type SessionOptions } from "../session.ts";
import { createFileDisk, type FileDiskOptions } from "./file-disk.ts";
import { planMemory } from "./memory-plan.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { createTcpTransport } from "./tcp-transport.ts";

export { createFileDisk, type FileDiskOptions } from "./file-disk.ts";
export { MINIMUM_MEMORY_LENGTH, planMemory, type MemoryPlan } from "./memory-plan.ts";

export interface NodeSessionOptions
  extends Omit<SessionOptions, "ports">, Pick<FileDiskOptions, "allocation" | "openFileLimit"> {
  /** Address to listen on and to dial from; default all. */
  readonly host?: string;
  /** Bytes of piece buffers, default 32 MiB. Fewer are used when downloads are slow. */
  readonly memoryBudgetLength?: number;
  /**
   * `http://host:port` or `socks5://name:password@host:port`: peers and trackers are reached through it, and nothing is sent past
   * it. Nobody can connect to us then (`port` is not listened on), and UDP trackers are asked through SOCKS 5 only.
   */
  readonly proxy?: string;
  /**
   * About so much memory for the whole process, bytes, at least `MINIMUM_MEMORY_LENGTH`: buffers are bounded as `planMemory`
   * says. What is given besides (`memoryBudgetLength`, `frameCount`, `limits`) wins. Default: each buffer has its own limit.
   */
  readonly memoryLength?: number;
  /** Replaces single ports. */
  readonly ports?: Partial<EnginePorts>;
}

/** Piece buffers of a session: enough for 500 requests of 16 KiB to four fast peers. */
export const DEFAULT_MEMORY_BUDGET_LENGTH: number = 32 * 1024 * 1024;

/**
 * Starts a session on this machine; resolves when it listens.
 * @throws TypeError for a `proxy` that is no proxy's URL.
 */
export async function createNodeSession(options: NodeSessionOptions = {}): Promise<Session> {
  const { host, proxy, memoryLength, ports, allocation, openFileLimit, ...rest } = options;
  const plan = memoryLength === undefined ? undefined : planMemory(memoryLength);
  const { memoryBudgetLength = plan?.memoryBudgetLength ?? DEFAULT_MEMORY_BUDGET_LENGTH, ...session } = rest;
  const tracker = ports?.tracker ?? createTracker(host, proxy);
  return createSession({
    ...session,
    ...(plan === undefined ? {} : { frameCount: session.frameCount ?? plan.frameCount }),
    limits: {
      ...(plan === undefined ? {} : { maximumUnsentLength: plan.maximumUnsentLength }),
      ...session.limits,
    },
    ports: {
      clock: ports?.clock ?? systemClock,
      random: ports?.random ?? systemRandom,
      transport: ports?.transport ?? createTransport(host, proxy),
      disk:
        ports?.disk ??
        createFileDisk({
          memoryBudgetLength,
          allocation,
          openFileLimit,
          ...(plan === undefined ? {} : { hashThreadCount: plan.hashThreadCount, placeHash: () => "loop" }),
        }),
      tracker,
    },
  });
}

function createTransport(host: string | undefined, proxy: string | undefined): EnginePorts["transport"] {
  const direct = createTcpTransport({ host });
  return proxy === undefined ? direct : createProxyTransport(parseProxyUrl(proxy), direct);
}

function createTracker(host: string | undefined, proxy: string | undefined): EnginePorts["tracker"] {
  // Tells trackers that what comes over two address families comes from one peer (BEP 7).
  const key = new DataView(systemRandom.bytes(4).slice().buffer).getUint32(0);
  const client = createTrackerClient({
    ...(host !== undefined && { bindAddress: host }),
    ...(proxy !== undefined && { proxy }),
  });
  return {
    announce: (url, parameters, signal, onFurtherAnswer) =>
      client.announce(url, { ...parameters, key }, { signal, onFurtherAnswer }),
    close: () => client.close(),
  };
}
