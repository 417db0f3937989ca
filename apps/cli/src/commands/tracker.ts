import { defineCommand } from "../define-command.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { formatJson } from "../output/escape.ts";
import { formatCount } from "../output/units.ts";
import { parseBindAddress } from "../values/address.ts";
import { parseDuration } from "../values/duration.ts";
import { parsePort } from "../values/number.ts";

const DEFAULT_HTTP_PORT = 6969;

export const tracker = defineCommand({
  name: "tracker",
  summary: "Run a tracker until Ctrl-C. Its announce address is printed on standard output.",
  operands: [],
  options: {
    httpPort: valueOption(
      "--http-port <n>",
      `port (default ${DEFAULT_HTTP_PORT}; 0: any free one)`,
      parsePort,
    ),
    host: valueOption("--host <address>", "address to listen on (default: all)", parseBindAddress),
    interval: valueOption("--interval <t>", "how often clients shall come back (default 30m)", parseDuration),
    ...JSON_OPTION,
  },
  examples: ["bt tracker", "bt tracker --host 127.0.0.1 --http-port 0 --interval 1m"],
  stopsCleanly: true,
  async run({ io, stop, options }) {
    const { createTrackerServer } = await import("@bt/tracker/server");
    const port = options.httpPort ?? DEFAULT_HTTP_PORT;
    const server = await createTrackerServer({
      port,
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.interval === undefined ? {} : { intervalMs: options.interval }),
    }).catch((error: unknown) => {
      throw listenFailure(error, port);
    });
    const { announceUrl } = server;
    io.stdout.write(
      options.json
        ? `${formatJson({ event: "listening", port: server.port, announceUrl })}\n`
        : `${announceUrl}\n`,
    );
    if (!options.quiet && !options.json) io.stderr.write("the tracker runs; Ctrl-C stops it\n");
    try {
      return await stop.interrupted();
    } finally {
      const { announceCount } = await server.stats();
      await server.close();
      if (!options.quiet && !options.json) {
        io.stderr.write(`stopped after ${formatCount(announceCount, "announce")}\n`);
      }
    }
  },
});

/** The port is somebody else's, or needs more rights: both are cured by another port. */
function listenFailure(error: unknown, port: number): unknown {
  const cause = (error as { cause?: { code?: string } } | null)?.cause;
  if (cause?.code === undefined) return error;
  const why =
    cause.code === "EADDRINUSE"
      ? "something else uses it"
      : cause.code === "EACCES"
        ? "permission denied"
        : cause.code;
  return new Failure(
    EXIT.network,
    cause.code,
    `cannot listen on port ${port}: ${why}; choose another with --http-port`,
    {
      cause: error,
    },
  );
}
