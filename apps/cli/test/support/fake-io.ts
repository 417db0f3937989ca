import type { Io, OutputStream, StopSignal } from "../../src/io.ts";

export interface FakeIoOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: Uint8Array;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** A process made of variables: what was written can be read, signals can be sent. */
export class FakeIo implements Io {
  readonly stdout: FakeStream;
  readonly stderr: FakeStream;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** The code that the process was ended with at once. */
  forcedExit: number | undefined;
  readonly #signalListeners: ((signal: StopSignal) => void)[] = [];
  readonly #closedListeners: (() => void)[] = [];

  constructor(options: FakeIoOptions = {}) {
    const { isTTY = false, columns = 80, rows = 24 } = options;
    this.stdout = new FakeStream(isTTY, columns, rows);
    this.stderr = new FakeStream(isTTY, columns, rows);
    this.cwd = options.cwd ?? "/";
    this.env = options.env ?? {};
    const input = options.stdin;
    this.stdin = (async function* () {
      if (input !== undefined) yield input;
    })();
  }

  onSignal(listener: (signal: StopSignal) => void): void {
    this.#signalListeners.push(listener);
  }

  onOutputClosed(listener: () => void): void {
    this.#closedListeners.push(listener);
  }

  exitNow(code: number): void {
    this.forcedExit ??= code;
  }

  send(signal: StopSignal): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  closeOutput(): void {
    for (const listener of this.#closedListeners) listener();
  }
}

export class FakeStream implements OutputStream {
  readonly chunks: (string | Uint8Array)[] = [];
  readonly isTTY: boolean;
  width: number;
  height: number;
  readonly #waiting: { pattern: RegExp; resolve: (text: string) => void }[] = [];

  constructor(isTTY: boolean, columns: number, rows: number) {
    this.isTTY = isTTY;
    this.width = columns;
    this.height = rows;
  }

  columns(): number {
    return this.width;
  }

  rows(): number {
    return this.height;
  }

  write(data: string | Uint8Array): void {
    this.chunks.push(data);
    for (const { pattern, resolve } of this.#waiting) if (pattern.test(this.text)) resolve(this.text);
  }

  get text(): string {
    return this.chunks
      .map((chunk) => (typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()))
      .join("");
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.chunks.map((chunk) => Buffer.from(chunk as string)));
  }

  /** Resolves as soon as what was written matches. */
  waitFor(pattern: RegExp): Promise<string> {
    if (pattern.test(this.text)) return Promise.resolve(this.text);
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }
}
