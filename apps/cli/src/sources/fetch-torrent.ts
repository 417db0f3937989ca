import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

/** A web server that has not sent the whole .torrent by then is given up. */
export const DEFAULT_FETCH_TIMEOUT_MS = 30_000;

export interface FetchTorrentOptions {
  /** Longer answers are refused; counted after decompression. */
  readonly maxLength: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The body of a .torrent on the web. */
export async function fetchTorrent(url: string, options: FetchTorrentOptions): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_FETCH_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await fetch(url, { signal, headers: { accept: "application/x-bittorrent, */*;q=0.5" } });
    if (!response.ok) {
      await response.body?.cancel();
      throw unreadable(url, `the server answered ${response.status} ${response.statusText}`.trim());
    }
    return await readBody(url, response, options.maxLength);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    options.signal?.throwIfAborted();
    if (timeout.aborted) {
      throw new Failure(
        EXIT.network,
        "TIMEOUT",
        `cannot get ${url}: no complete answer in time; try again later`,
        { cause },
      );
    }
    throw new Failure(
      EXIT.network,
      "FETCH_FAILED",
      `cannot get ${url}: ${reason(cause)}; check the address`,
      { cause },
    );
  }
}

async function readBody(url: string, response: Response, maxLength: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    if (length > maxLength) {
      throw new Failure(
        EXIT.badTorrent,
        "TORRENT_TOO_LONG",
        `${url} is longer than a .torrent may be; check the address`,
      );
    }
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function unreadable(url: string, why: string): Failure {
  return new Failure(EXIT.unreadable, "UNREADABLE", `cannot get ${url}: ${why}; check the address`);
}

/** `fetch` hides what happened in its error's cause. */
function reason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  const inner = cause instanceof AggregateError ? (cause.errors as unknown[])[0] : cause;
  return inner instanceof Error ? inner.message : error instanceof Error ? error.message : String(error);
}
