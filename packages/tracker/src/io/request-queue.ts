/** How the requests of one client are spread. */
export interface QueueLimits {
  /** Requests under way at a time. */
  readonly maxConcurrentRequests: number;
  /** … to one host. */
  readonly maxRequestsPerHost: number;
  /** Requests to one host that may begin at once, after a pause … */
  readonly maxHostBurst: number;
  /** … and that may begin in each second, when there are more. */
  readonly maxHostRate: number;
}

interface Host {
  workingCount: number;
  /** Requests that may begin at once. */
  tokens: number;
  refilledAt: number;
}

interface Waiting {
  readonly host: string;
  readonly go: () => void;
}

/**
 * Lets requests begin in the order in which they came, but those to a busy host wait without holding up the others: a
 * thousand torrents of one tracker are announced one after another, not all at once.
 */
export class RequestQueue {
  readonly #limits: QueueLimits;
  readonly #hosts = new Map<string, Host>();
  readonly #waiting = new Set<Waiting>();
  #workingCount = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when it is its turn; with `urgent`, or as soon as `cancel` is aborted, at once. */
  async run<T>(host: string, work: () => Promise<T>, urgent: boolean, cancel: AbortSignal): Promise<T> {
    if (urgent || cancel.aborted || this.#mayBegin(host)) this.#begin(host);
    else await this.#turn(host, cancel);
    try {
      return await work();
    } finally {
      this.#end(host);
    }
  }

  /** Whether more than one request to the host is under way or waits. */
  isBusy(name: string): boolean {
    if ((this.#hosts.get(name)?.workingCount ?? 0) > 1) return true;
    for (const { host } of this.#waiting) if (host === name) return true;
    return false;
  }

  #turn(host: string, cancel: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(waiting);
        cancel.removeEventListener("abort", go);
        this.#begin(host);
        resolve();
      };
      const waiting = { host, go };
      this.#waiting.add(waiting);
      cancel.addEventListener("abort", go);
      this.#admit();
    });
  }

  #begin(name: string): void {
    const host = this.#hostOf(name);
    this.#workingCount++;
    host.workingCount++;
    host.tokens--;
  }

  #end(name: string): void {
    this.#workingCount--;
    this.#hostOf(name).workingCount--;
    this.#admit();
    this.#forgetRested();
  }

  /** Lets everybody go who may, and comes back when the next one may for the time's sake alone. */
  #admit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { host, go } of this.#waiting) if (this.#mayBegin(host)) go();
    if (this.#waiting.size === 0 || this.#workingCount >= this.#limits.maxConcurrentRequests) return;
    let waitMs = Infinity;
    for (const { host } of this.#waiting) {
      const { tokens } = this.#hostOf(host);
      if (tokens < 1) waitMs = Math.min(waitMs, ((1 - tokens) / this.#limits.maxHostRate) * 1_000);
    }
    if (waitMs < Infinity) this.#timer = setTimeout(() => this.#admit(), Math.ceil(waitMs));
  }

  #mayBegin(host: string): boolean {
    const { workingCount, tokens } = this.#hostOf(host);
    return (
      this.#workingCount < this.#limits.maxConcurrentRequests &&
      workingCount < this.#limits.maxRequestsPerHost &&
      tokens >= 1
    );
  }

  #hostOf(name: string): Host {
    const { maxHostBurst, maxHostRate } = this.#limits;
    const now = performance.now();
    let host = this.#hosts.get(name);
    if (host === undefined)
      this.#hosts.set(name, (host = { workingCount: 0, tokens: maxHostBurst, refilledAt: now }));
    host.tokens = Math.min(maxHostBurst, host.tokens + ((now - host.refilledAt) / 1_000) * maxHostRate);
    host.refilledAt = now;
    return host;
  }

  /** A host that has not been asked for a while is as one that was never asked. */
  #forgetRested(): void {
    if (this.#hosts.size < 2 * this.#limits.maxConcurrentRequests) return;
    for (const name of this.#hosts.keys()) {
      const { workingCount, tokens } = this.#hostOf(name);
      if (workingCount === 0 && tokens >= this.#limits.maxHostBurst) this.#hosts.delete(name);
    }
  }
}
