import type { Scope } from "../harness/scope.ts";

export interface Swarm {
  readonly seederCount: number;
  readonly leecherCount: number;
}

export interface TrackerOptions {
  readonly scope: Scope;
  readonly port: number;
  /** Lower-case hex; some trackers serve only the torrents they were told of. */
  readonly infoHash: string;
}

export interface TrackerKind {
  readonly name: string;
  readonly needs: readonly string[];
  readonly packages: readonly string[];
  start(options: TrackerOptions): Promise<Tracker>;
}

export interface Tracker {
  scrape(): Promise<Swarm>;
}

/** Scrapes over HTTP. The few integers wanted are read from the text: no decoder of ours judges itself here. */
export async function scrapeHttp(port: number, infoHash: string): Promise<Swarm> {
  const escaped = infoHash.replace(/../g, "%$&");
  const response = await fetch(`http://127.0.0.1:${String(port)}/scrape?info_hash=${escaped}`, {
    signal: AbortSignal.timeout(5_000),
  });
  const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
  const integer = (key: string): number => Number(new RegExp(`:${key}i(\\d+)e`).exec(text)?.[1] ?? 0);
  return { seederCount: integer("complete"), leecherCount: integer("incomplete") };
}

/** True when something accepts connections and answers HTTP on `port`. */
export async function answersHttp(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${String(port)}/`, { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false;
  }
}
