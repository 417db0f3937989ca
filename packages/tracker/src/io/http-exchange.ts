import { decodeAnswer } from "../announce-response.ts";
import { TrackerError } from "../errors.ts";
import { isSameOrigin, resolveRedirect } from "../redirect.ts";
import { requireTrackerUrl, type TrackerUrl } from "../tracker-url.ts";
import { requestHop, timeout, type ClientSettings, type HopAnswer, type HttpMeans } from "./http-hop.ts";
import { inflateBody } from "./inflate-body.ts";

/** The longest pause that a `Retry-After` can ask for. */
const MAX_RETRY_AFTER_S = 86_400;

/**
 * The body that a GET of `text` ends with: redirects followed and checked hop by hop, decompressed, status 200.
 * @throws TrackerError and nothing else.
 */
export async function exchange(
  text: string,
  family: 4 | 6 | undefined,
  means: HttpMeans,
  totalTimeoutMs: number,
  cancel: AbortSignal,
): Promise<Uint8Array> {
  const first = requireTrackerUrl(text);
  const ending = new AbortController();
  const onCancel = (): void =>
    ending.abort(new TrackerError("TRACKER_CANCELLED", "the request was given up"));
  const timer = setTimeout(() => ending.abort(timeout(totalTimeoutMs, first)), totalTimeoutMs);
  cancel.addEventListener("abort", onCancel);
  if (cancel.aborted) onCancel();
  try {
    return await followRedirects(first, family, means, ending.signal);
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener("abort", onCancel);
  }
}

async function followRedirects(
  first: TrackerUrl,
  family: 4 | 6 | undefined,
  means: HttpMeans,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { settings } = means;
  let url = first;
  let credentials = first.credentials;
  let comesFromGlobal = false;
  for (let hop = 0; hop <= settings.maxRedirectCount; hop++) {
    const answer = await requestHop(url, credentials, { comesFromGlobal }, family, means, signal);
    comesFromGlobal ||= answer.isFromGlobal;
    if (![301, 302, 303, 307, 308].includes(answer.status)) return finish(answer, url, settings);
    const next = resolveRedirect(url, answer.location);
    // Credentials stay with the server they were written for.
    credentials = next.credentials || (isSameOrigin(url, next) ? credentials : "");
    url = next;
  }
  throw new TrackerError(
    "TRACKER_BAD_REDIRECT",
    `the tracker redirects more than ${settings.maxRedirectCount} times`,
    {
      data: { host: url.host },
    },
  );
}

async function finish(answer: HopAnswer, url: TrackerUrl, settings: ClientSettings): Promise<Uint8Array> {
  const { status } = answer;
  if (status === 200) return inflateBody(answer.body, answer.encoding, settings.maxBodyLength);
  // Some trackers put their reason into an answer with an error status: better than a bare number.
  try {
    decodeAnswer(await inflateBody(answer.body, answer.encoding, settings.maxBodyLength));
  } catch (error) {
    if (error instanceof TrackerError && error.code === "TRACKER_FAILURE") throw error;
  }
  const seconds = /^[0-9]{1,6}$/.test(answer.retryAfter ?? "") ? Number(answer.retryAfter) : undefined;
  throw new TrackerError("TRACKER_HTTP_STATUS", `the tracker answered with HTTP status ${status}`, {
    data: { host: url.host, status },
    ...(seconds !== undefined && { retryInMs: Math.min(seconds, MAX_RETRY_AFTER_S) * 1_000 }),
  });
}
