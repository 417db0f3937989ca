import { Worker } from "node:worker_threads";
import { StorageError, toStorageError } from "../errors.ts";

/** A thread that has had nothing to do for so long ends: it holds 10 MiB, and a new one takes 50 ms to start. */
const THREAD_IDLE_MS = 5_000;

/** What a thread answers. */
export interface Reply {
  readonly kind: "ready" | "done" | "failed";
  readonly id: number;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digests: Uint8Array;
  readonly isHashed: Uint8Array;
  readonly code: string | undefined;
  readonly path: string | undefined;
  readonly message: string;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: StorageError) => void;
}

/** One worker thread that hashes. */
export class HashThread {
  /** Resolves when the thread's code runs: before that nothing that must not be lost is handed to it. */
  readonly ready: Promise<void>;
  isReady = false;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #holdCount = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #onEnd: () => void;
  #hasEnded = false;
  #setReady: () => void = () => {};
  #setFailed: (error: StorageError) => void = () => {};
  #failure: StorageError | undefined;

  /** `onEnd` is called once: when the thread is not to be used any more. */
  constructor(url: URL, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.ready = new Promise((resolve, reject) => {
      this.#setReady = resolve;
      this.#setFailed = reject;
    });
    this.ready.catch(() => {}); // told through every question instead
    this.#worker = new Worker(url, { execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#receive(reply));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", (code) => this.#fail(new Error(`the thread ended with ${code}`)));
  }

  /** How many want something of it. */
  get load(): number {
    return this.#holdCount;
  }

  /** It will be wanted soon. If it is not, it ends. */
  warm(): void {
    this.hold();
    this.letGo();
  }

  /** From here until `letGo` it counts as busy and keeps the process alive. */
  hold(): void {
    clearTimeout(this.#idleTimer);
    if (this.#holdCount++ === 0) this.#worker.ref();
  }

  letGo(): void {
    if (--this.#holdCount > 0) return;
    this.#worker.unref();
    this.#idleTimer = setTimeout(() => this.#retire(), THREAD_IDLE_MS);
    this.#idleTimer.unref();
  }

  tell(message: object): void {
    this.#worker.postMessage(message);
  }

  ask(message: object, transfer: ArrayBuffer[] = []): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...message, id }, transfer);
    });
  }

  #retire(): void {
    this.#end();
    void this.terminate();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd();
  }

  async terminate(): Promise<void> {
    clearTimeout(this.#idleTimer);
    await this.#worker.terminate();
  }

  #receive(reply: Reply): void {
    if (reply.kind === "ready") {
      this.isReady = true;
      this.#setReady();
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "done") waiting?.resolve(reply);
    else waiting?.reject(errorOf(reply));
  }

  #fail(cause: Error): void {
    if (this.#failure !== undefined) return;
    const message = `Cannot hash: a hash thread failed (${cause.message}); check that hash-worker.js is in its place.`;
    this.#failure = new StorageError("WORKER_FAILED", message, {}, { cause });
    this.#end();
    this.#setFailed(this.#failure);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** What went wrong in a thread, or in the calling one. */
export function errorOf({
  code,
  path = "",
  message,
}: Pick<NodeJS.ErrnoException, "code" | "path" | "message">): StorageError {
  if (code !== "BT_CHANGED") return toStorageError({ code, message }, "read", path);
  const text = `Cannot hash ${path}: ${message}; wait until nothing writes to it and start again.`;
  return new StorageError("FILE_CHANGED", text, { path });
}
