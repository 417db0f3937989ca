import { writeSync } from "node:fs";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import type { Io, OutputStream } from "../io.ts";

/** The real process: its streams, environment and signals. */
export function processIo(): Io & { leave(code: number): Promise<never> } {
  const stdout = new ProcessOutput(1, () => process.stdout);
  const stderr = new ProcessOutput(2, () => process.stderr);
  return {
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env: process.env,
    cwd: process.cwd(),
    onSignal(listener) {
      process.on("SIGINT", () => listener("SIGINT"));
      process.on("SIGTERM", () => listener("SIGTERM"));
      // The terminal was closed: nobody is left to press Ctrl-C.
      process.on("SIGHUP", () => listener("SIGTERM"));
    },
    onOutputClosed(listener) {
      stdout.onClosed = listener;
    },
    exitNow(code) {
      process.exit(code);
    },
    /** Ends the process as soon as everything written has left it: pipes are asynchronous on some systems. */
    async leave(code) {
      await stdout.drain();
      if (stdout.failure !== undefined) process.exit(reportLostOutput(stdout.failure, stderr));
      await stderr.drain();
      process.exit(code);
    },
  };
}

/** Half of an output is worse than none when nobody is told: the disk that it went to is full, most often. */
function reportLostOutput(failure: unknown, stderr: OutputStream): ExitCode {
  const isFull = (failure as { code?: unknown }).code === "ENOSPC";
  stderr.write(`bt: cannot write standard output: ${describeSystemError(failure)}\n`);
  return isFull ? EXIT.diskFull : EXIT.disk;
}

/**
 * One of the process's output streams. Until somebody asks what kind of stream it is, bytes are written straight to the
 * descriptor: Node's stream costs several milliseconds to make, a good part of what `bt info` takes.
 */
class ProcessOutput implements OutputStream {
  onClosed: () => void = () => undefined;
  /** Why nothing can be written any more, unless the reader just went away. */
  failure: unknown;
  readonly #descriptor: number;
  readonly #open: () => NodeJS.WriteStream;
  #stream: NodeJS.WriteStream | undefined;
  #isClosed = false;

  constructor(descriptor: number, open: () => NodeJS.WriteStream) {
    this.#descriptor = descriptor;
    this.#open = open;
  }

  get isTTY(): boolean {
    return this.#opened.isTTY === true;
  }

  columns(): number {
    return this.#opened.columns ?? 80;
  }

  rows(): number {
    return this.#opened.rows ?? 24;
  }

  write(data: string | Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#stream !== undefined) {
      this.#stream.write(data);
      return;
    }
    const rest = this.#writeNow(typeof data === "string" ? Buffer.from(data) : data);
    if (rest.length > 0 && !this.#isClosed) this.#opened.write(rest);
  }

  async drain(): Promise<void> {
    const stream = this.#stream;
    if (stream !== undefined && stream.writableLength > 0) {
      await new Promise<void>((resolve) => stream.write("", () => resolve()));
    }
  }

  get #opened(): NodeJS.WriteStream {
    if (this.#stream === undefined) {
      this.#stream = this.#open();
      this.#stream.on("error", (error) => this.#close(error));
    }
    return this.#stream;
  }

  /** What could not be written without waiting. */
  #writeNow(bytes: Uint8Array): Uint8Array {
    let at = 0;
    while (at < bytes.length) {
      try {
        at += writeSync(this.#descriptor, bytes, at);
      } catch (error) {
        // A pipe that somebody made non-blocking is full: the stream knows how to wait.
        if ((error as { code?: unknown }).code !== "EAGAIN") this.#close(error);
        break;
      }
    }
    return bytes.subarray(at);
  }

  /** A reader who had enough and went away is no error. */
  #close(error: unknown): void {
    if (this.#isClosed) return;
    if ((error as { code?: unknown }).code !== "EPIPE") this.failure = error;
    this.#isClosed = true;
    this.onClosed();
  }
}
