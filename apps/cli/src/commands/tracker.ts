import type { TrackerPage, TrackerServer, TrackerServerStats } from "@bt/tracker/server";
import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import { listOption, parseText, switchOption, valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { escapeText, formatJson } from "../output/escape.ts";
import { formatCount } from "../output/units.ts";
import { ListFiles } from "../tracker/list-files.ts";
import { openStore, parseStore } from "../tracker/open-store.ts";
import { parseBindAddress } from "../values/address.ts";
import { parseDuration } from "../values/duration.ts";
import { parsePort, wholeNumber } from "../values/number.ts";

const DEFAULT_PORT = 6969;
const DEFAULT_INTERVAL_MS = 1_800_000;
/** A client that misses one announce stays; the minute is for its jitter. */
const lifetimeOf = (intervalMs: number): number => 2 * Math.max(intervalMs, 1_000) + 60_000;

export const tracker = defineCommand({
  name: "tracker",
  summary: "Run a tracker until Ctrl-C. Its announce addresses are printed on standard output.",
  operands: [],
  options: {
    httpPort: valueOption(
      "--http-port <n>",
      `HTTP port (default ${DEFAULT_PORT}; 0: any free one)`,
      parsePort,
    ),
    udpPort: valueOption("--udp-port <n>", "UDP port (default: as HTTP; 0: any free one)", parsePort),
    noHttp: switchOption("--no-http", "UDP only"),
    noUdp: switchOption("--no-udp", "HTTP only"),
    bind: listOption("--bind <address>", "address to listen on (repeatable; default: all)", parseBindAddress),
    interval: valueOption("--interval <t>", "how often clients shall come back (default 30m)", parseDuration),
    store: valueOption(
      "--store <store>",
      "where swarms are kept: memory (default) or redis://HOST:PORT",
      parseStore,
    ),
    allowList: valueOption("--allow-list <file>", "serve only these info-hashes, one a line", parseText),
    denyList: valueOption("--deny-list <file>", "do not serve these info-hashes", parseText),
    passkeys: valueOption(
      "--passkeys <file>",
      "private: serve only /PASSKEY/announce, one a line",
      parseText,
    ),
    maxRate: valueOption(
      "--max-rate <n>",
      "requests a second of one address (default 100; 0: no limit)",
      wholeNumber("a number of requests", 0, 1_000_000),
    ),
    trustProxy: listOption(
      "--trust-proxy <address>",
      "reverse proxy (or network, 10.0.0.0/8) whose X-Forwarded-For is believed; repeatable",
      parseNetwork,
    ),
    fullScrape: switchOption("--full-scrape", "answer a scrape without info-hash with all swarms"),
    stats: switchOption("--stats", "serve /stats, /stats.json and /metrics (Prometheus) over HTTP"),
    ...JSON_OPTION,
  },
  examples: [
    "bt tracker",
    "bt tracker --bind 127.0.0.1 --http-port 0 --interval 1m",
    "bt tracker --store redis://127.0.0.1:6379 --allow-list torrents.txt --stats",
  ],
  stopsCleanly: true,
  async run({ io, stop, options }) {
    if (options.noHttp && options.noUdp)
      throw usageFailure("--no-http and --no-udp leave nothing to listen on");
    if (options.noHttp && options.stats)
      throw usageFailure("--stats is served over HTTP; leave out --no-http");
    const { createTrackerServer } = await import("@bt/tracker/server");
    const intervalMs = options.interval ?? DEFAULT_INTERVAL_MS;
    const port = options.noHttp ? null : (options.httpPort ?? DEFAULT_PORT);
    const udpPort = options.noUdp ? null : (options.udpPort ?? port ?? DEFAULT_PORT);
    const lists = new ListFiles(options, io.cwd);
    const access = await lists.read();
    const store = await openStore(options.store ?? "memory", lifetimeOf(intervalMs));
    let server: TrackerServer | undefined;
    const pages = options.stats ? await statsPages(() => server!.stats()) : undefined;
    try {
      server = await createTrackerServer({
        port,
        udpPort,
        intervalMs,
        peerLifetimeMs: lifetimeOf(intervalMs),
        host: options.bind.length === 0 ? undefined : options.bind,
        store,
        fullScrape: options.fullScrape,
        trustedProxies: options.trustProxy,
        requestsPerSecond: options.maxRate === 0 ? Infinity : (options.maxRate ?? 100),
        page: pages,
        ...access,
      });
    } catch (error) {
      await store?.close?.();
      throw listenFailure(error);
    }
    const { announceUrls } = server;
    const say = (text: string): void => {
      if (!options.quiet && !options.json) io.stderr.write(text);
    };
    io.stdout.write(
      options.json
        ? `${formatJson({
            event: "listening",
            port: server.port,
            udpPort: server.udpPort ?? null,
            announceUrl: server.announceUrl,
            announceUrls,
          })}\n`
        : `${announceUrls.join("\n")}\n`,
    );
    say("the tracker runs; Ctrl-C stops it\n");
    const running = server;
    lists.watch(
      (changed) => {
        running.setAccess(changed);
        say("the lists have changed\n");
      },
      (error) => say(`warning: ${escapeText((error as Error).message)}; the lists stay as they were\n`),
    );
    try {
      return await stop.interrupted();
    } finally {
      lists.close();
      const { announceCount } = await running.stats().catch(() => ({ announceCount: undefined }));
      await running.close();
      if (announceCount !== undefined) say(`stopped after ${formatCount(announceCount, "announce")}\n`);
    }
  },
});

async function statsPages(
  stats: () => Promise<TrackerServerStats>,
): Promise<(path: string) => Promise<TrackerPage> | undefined> {
  const { statsJson, statsPage } = await import("../tracker/stats-page.ts");
  const { TrackerMetrics } = await import("../tracker/metrics.ts");
  const metrics = new TrackerMetrics();
  return (path) => {
    if (path === "/stats") return stats().then(statsPage);
    if (path === "/stats.json") return stats().then(statsJson);
    if (path === "/metrics") return stats().then((now) => metrics.page(now));
    return undefined;
  };
}

function parseNetwork(text: string): string {
  const match = /^([0-9a-f.:]+)(?:\/([0-9]{1,3}))?$/i.exec(text.trim());
  if (match === null || Number(match[2] ?? 0) > (match[1]!.includes(":") ? 128 : 32))
    throw usageFailure(`"${text}" is not an address or network; write for example 10.0.0.7 or 10.0.0.0/8`);
  parseBindAddress(match[1]!);
  return text.trim();
}

/** The port is somebody else's, or needs more rights: both are cured by another port. Or the address is not ours. */
function listenFailure(error: unknown): unknown {
  const { cause, data } = (error ?? {}) as {
    cause?: { code?: string };
    data?: { host?: string; port?: number };
  };
  if (cause?.code === undefined) return error;
  if (cause.code === "EADDRNOTAVAIL")
    return new Failure(
      EXIT.network,
      cause.code,
      `this machine has no address ${data?.host ?? ""}; correct --bind`,
      { cause: error },
    );
  const why =
    cause.code === "EADDRINUSE"
      ? "something else uses it"
      : cause.code === "EACCES"
        ? "permission denied"
        : cause.code;
  const port = data?.port ?? "";
  const cure = "choose another with --http-port and --udp-port";
  return new Failure(EXIT.network, cause.code, `cannot listen on port ${port}: ${why}; ${cure}`, {
    cause: error,
  });
}
