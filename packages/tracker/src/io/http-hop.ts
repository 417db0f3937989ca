import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { addressScope } from "../address-scope.ts";
import type { GuardedRequest } from "../address-guard.ts";
import type { DEFAULT_CLIENT_OPTIONS, TrackerClientOptions } from "../client-options.ts";
import { TrackerError } from "../errors.ts";
import type { TrackerUrl } from "../tracker-url.ts";
import { systemResolve } from "./system-resolve.ts";
import { parseProxyUrl } from "../proxy-url.ts";
import { throughProxy } from "./proxied-request.ts";
import { guardedLookup, judgedHost, requireAllowedHost } from "./guarded-lookup.ts";
import type { KeptConnections } from "./kept-connections.ts";

/** The client's options with the defaults in their places. */
export type ClientSettings = TrackerClientOptions & typeof DEFAULT_CLIENT_OPTIONS;

/** What requests are made with. */
export interface HttpMeans {
  readonly settings: ClientSettings;
  readonly connections: KeptConnections;
}

/** One answer of one server; a redirect is an answer too. */
export interface HopAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  readonly encoding: string;
  readonly body: Uint8Array;
  readonly isFromGlobal: boolean;
}

/**
 * One GET, one answer.
 * @throws TrackerError and nothing else; with the reason of `signal` when that ends it.
 */
export async function requestHop(
  url: TrackerUrl,
  credentials: string,
  hop: Pick<GuardedRequest, "comesFromGlobal">,
  family: 4 | 6 | undefined,
  { settings, connections }: HttpMeans,
  signal: AbortSignal,
): Promise<HopAnswer> {
  const { proxy } = settings;
  const guarded: GuardedRequest = { path: url.path, comesFromGlobal: hop.comesFromGlobal };
  if (signal.aborted) throw signal.reason;
  try {
    // A proxy looks the names up: only those that can be judged without a lookup are.
    const host = proxy === undefined ? url.host : judgedHost(url.host);
    if (settings.guardAddresses) requireAllowedHost(host, guarded);
    requireFamily(url, family);
    let options = requestOptions(url, credentials, guarded, family, settings);
    if (proxy !== undefined) {
      options = await throughProxy(parseProxyUrl(proxy), url, options, { ...settings, signal });
    } else {
      const use = connections.useFor(url, settings.guardAddresses ? guarded : undefined);
      options = { ...options, ...use, headers: { ...options.headers, connection: use.connection } };
    }
    const answer =
      (await send(url, options, settings, signal)) ??
      (await send(url, { ...options, agent: false }, settings, signal))!;
    // What came through a proxy came from where the URL says; a name may be anywhere: judged as global, the stricter side.
    return proxy === undefined
      ? answer
      : { ...answer, isFromGlobal: (addressScope(host) ?? "global") === "global" };
  } catch (error) {
    throw toTrackerError(error, url);
  }
}

/** `undefined` when the request came upon a kept connection that the other side was just ending: ask once more, over a new one. */
function send(
  url: TrackerUrl,
  options: https.RequestOptions,
  settings: ClientSettings,
  signal: AbortSignal,
): Promise<HopAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const request = (url.scheme === "https" ? https : http).request(options);
    // Node would keep what the agent may keep, whatever the header says.
    request.shouldKeepAlive = (options.headers as http.OutgoingHttpHeaders)["connection"] === "keep-alive";
    let isAnswered = false;
    const fail = (error: unknown): void => {
      if (request.reusedSocket && !isAnswered && !(error instanceof TrackerError)) resolve(undefined);
      else reject(error as Error);
      signal.removeEventListener("abort", onAbort);
      request.destroy();
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort);
    request.on("error", fail); // stays: a destroyed request may report once more
    request.on("timeout", () => fail(timeout(settings.receiveTimeoutMs, url)));
    const onEarlyClose = (): void => fail(new Error("the connection ended without an answer"));
    request.on("close", onEarlyClose); // a switch to another protocol ends so, without an error
    request.on("response", (response) => {
      isAnswered = true;
      request.off("close", onEarlyClose);
      // A socket that is closed already tells no address: judged as global, the stricter side.
      const isFromGlobal = (addressScope(response.socket.remoteAddress ?? "") ?? "global") === "global";
      collectBody(response, settings.maxBodyLength).then((body) => {
        signal.removeEventListener("abort", onAbort);
        const { location } = response.headers;
        const retryAfter = response.headers["retry-after"];
        const encoding = response.headers["content-encoding"] ?? "";
        resolve({ status: response.statusCode ?? 0, location, retryAfter, encoding, body, isFromGlobal });
        if (!request.shouldKeepAlive) request.destroy();
      }, fail);
    });
    request.end();
  });
}

/** A numeric address is not looked up, so the lookup does not see that it is of the other family. */
function requireFamily({ host }: TrackerUrl, family: 4 | 6 | undefined): void {
  if (family === undefined || isIP(host) === 0 || isIP(host) === family) return;
  throw new TrackerError("TRACKER_UNREACHABLE", `${host} is no IPv${family} address`, { data: { host } });
}

function requestOptions(
  url: TrackerUrl,
  credentials: string,
  guarded: GuardedRequest,
  family: 4 | 6 | undefined,
  settings: ClientSettings,
): https.RequestOptions {
  const { bindAddress, trustedCertificates } = settings;
  return {
    agent: false,
    method: "GET",
    timeout: settings.receiveTimeoutMs,
    host: url.host,
    port: url.port,
    path: url.query === "" ? url.path : `${url.path}?${url.query}`,
    headers: {
      "user-agent": settings.userAgent,
      accept: "*/*",
      "accept-encoding": "gzip, deflate",
      connection: "close",
    },
    maxHeaderSize: settings.maxHeaderLength,
    ...(family !== undefined && { family }),
    ...(credentials !== "" && { auth: credentials }),
    ...(bindAddress !== undefined && { localAddress: bindAddress }),
    ...(trustedCertificates !== undefined && { ca: trustedCertificates }),
    lookup: guardedLookup(
      settings.resolve ?? systemResolve,
      settings.guardAddresses ? guarded : undefined,
      family ?? 0,
    ),
  };
}

function collectBody(response: http.IncomingMessage, maxLength: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const tooLarge = (): void =>
      reject(
        new TrackerError(
          "TRACKER_RESPONSE_TOO_LARGE",
          `the tracker's answer is larger than ${maxLength} bytes`,
        ),
      );
    if (Number(response.headers["content-length"] ?? 0) > maxLength) return tooLarge();
    const parts: Uint8Array[] = [];
    let length = 0;
    response.on("error", reject);
    response.on("data", (part: Uint8Array) => {
      length += part.length;
      if (length > maxLength) tooLarge();
      else parts.push(part);
    });
    response.on("end", () => resolve(Uint8Array.from(Buffer.concat(parts))));
    response.on("close", () => {
      // Of a whole answer, too; an error that nobody waits for is dear, its stack is written.
      if (!response.readableEnded) reject(new Error("the connection ended in the middle of the answer"));
    });
  });
}

export function timeout(limitMs: number, url: TrackerUrl): TrackerError {
  return new TrackerError("TRACKER_TIMEOUT", `the tracker did not answer within ${limitMs / 1_000} s`, {
    data: { host: url.host, limitMs },
  });
}

function toTrackerError(error: unknown, { host }: TrackerUrl): TrackerError {
  if (error instanceof TrackerError) return error;
  const systemCode = String((error as NodeJS.ErrnoException | undefined)?.code ?? "");
  const details = { data: { host, systemCode }, cause: error };
  if (systemCode === "HPE_HEADER_OVERFLOW") {
    return new TrackerError(
      "TRACKER_RESPONSE_TOO_LARGE",
      "the head of the tracker's answer is too large",
      details,
    );
  }
  if (systemCode.startsWith("HPE_")) {
    return new TrackerError("TRACKER_BAD_HTTP", `${host} does not answer in HTTP`, details);
  }
  return new TrackerError(
    "TRACKER_UNREACHABLE",
    `${host} cannot be reached${systemCode && ` (${systemCode})`}`,
    details,
  );
}
