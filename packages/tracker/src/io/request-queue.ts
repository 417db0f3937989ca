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
  readonly name: string;
  /** In the order in which they came. */
  readonly waiting: Set<Waiting>;
  workingCount: number;
  /** Requests that may begin at once. */
  tokens: number;
  refilledAt: number;
  /** Runs while a request waits for the time alone. */
  timer: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly go: () => void;
}

/**
 * Lets the requests to a host begin in the order in which they came, hosts taking turns; those to a busy host wait
 * without holding up the others: a thousand torrents of one tracker are announced one after another, not all at once. What a call
 * does does not depend on how many wait.
 */
export class RequestQueue {
  readonly #limits: QueueLimits;
  readonly #hosts = new Map<string, Host>();
  /** Hosts that wait for nothing but their turn. */
  readonly #ready = new Set<Host>();
  #workingCount = 0;
  /** When there are so many hosts, those that are as if never asked are forgotten. */
  #forgetFrom: number;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#forgetFrom = 2 * limits.maxConcurrentRequests;
  }

  /** Runs `work` when it is its turn; with `urgent`, or as soon as `cancel` is aborted, at once. */
  async run<T>(name: string, work: () => Promise<T>, urgent: boolean, cancel: AbortSignal): Promise<T> {
    const host = this.#hostOf(name);
    if (urgent || cancel.aborted || (this.#hasRoom && host.waiting.size === 0 && this.#mayBegin(host)))
      this.#begin(host);
    else await this.#turn(host, cancel);
    try {
      return await work();
    } finally {
      this.#end(host);
    }
  }

  /** Whether more than one request to the host is under way or waits. */
  isBusy(name: string): boolean {
    const host = this.#hosts.get(name);
    return host !== undefined && (host.workingCount > 1 || host.waiting.size > 0);
  }

  #turn(host: Host, cancel: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        host.waiting.delete(waiting);
        cancel.removeEventListener("abort", go);
        this.#begin(host);
        resolve();
      };
      const waiting = { go };
      host.waiting.add(waiting);
      cancel.addEventListener("abort", go);
      this.#line(host);
      this.#admit();
    });
  }

  #begin(host: Host): void {
    this.#workingCount++;
    host.workingCount++;
    host.tokens--;
  }

  #end(host: Host): void {
    this.#workingCount--;
    host.workingCount--;
    this.#line(host);
    this.#admit();
    if (this.#hosts.size >= this.#forgetFrom) this.#forgetRested();
  }

  /** Lines the host up when its first request may begin, or comes back when the time alone has to pass. */
  #line(host: Host): void {
    if (host.waiting.size === 0 || this.#ready.has(host)) return;
    if (this.#mayBegin(host)) this.#ready.add(host);
    else if (host.tokens < 1 && host.timer === undefined) {
      const waitMs = ((1 - host.tokens) / this.#limits.maxHostRate) * 1_000;
      host.timer = setTimeout(() => {
        host.timer = undefined;
        this.#line(host);
        this.#admit();
      }, Math.ceil(waitMs));
    }
  }

  /** Lets those go whose turn it is. */
  #admit(): void {
    while (this.#hasRoom) {
      const [host] = this.#ready;
      if (host === undefined) return;
      this.#ready.delete(host);
      const [first] = host.waiting;
      // Both may have changed while it stood in line: an urgent request, one that was given up.
      if (first !== undefined && this.#mayBegin(host)) first.go();
      this.#line(host);
    }
  }

  get #hasRoom(): boolean {
    return this.#workingCount < this.#limits.maxConcurrentRequests;
  }

  #mayBegin(host: Host): boolean {
    this.#refill(host);
    return host.workingCount < this.#limits.maxRequestsPerHost && host.tokens >= 1;
  }

  #refill(host: Host): void {
    const { maxHostBurst, maxHostRate } = this.#limits;
    const now = performance.now();
    host.tokens = Math.min(maxHostBurst, host.tokens + ((now - host.refilledAt) / 1_000) * maxHostRate);
    host.refilledAt = now;
  }

  #hostOf(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      const tokens = this.#limits.maxHostBurst;
      const refilledAt = performance.now();
      host = { name, waiting: new Set(), workingCount: 0, tokens, refilledAt, timer: undefined };
      this.#hosts.set(name, host);
    }
    return host;
  }

  /** A host that has not been asked for a while is as one that was never asked. */
  #forgetRested(): void {
    for (const host of this.#hosts.values()) {
      this.#refill(host);
      const isAtRest = host.workingCount === 0 && host.waiting.size === 0;
      if (isAtRest && host.tokens >= this.#limits.maxHostBurst) this.#hosts.delete(host.name);
    }
    // Not with each request while many are still fresh.
    this.#forgetFrom = Math.max(2 * this.#limits.maxConcurrentRequests, 2 * this.#hosts.size);
  }
}
