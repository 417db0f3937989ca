// The command line of run.mjs.
import { parseArgs } from "node:util";

const UNITS = ["", "K", "M", "G"];

/** `64K`, `1GiB` or plain bytes. @param {string} text */
export function parseLength(text) {
  const match = /^(\d+)([KMG]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new Error(`"${text}" is not a length; write 64K, 256M or 1G`);
  return Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? "").toUpperCase());
}

/** @param {string} text */
function parseCount(text) {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`"${text}" is not a number of runs`);
  return Number(text);
}

export const USAGE = `Usage: node bench/run.mjs [options]

  --role leecher|seeder  what is measured (default leecher)
  --clients a,b,c        which clients (default: bt and all that are installed)
  --counterpart NAME     who is at the other end (default bt)
  --size LENGTH          payload (default 1G)
  --piece LENGTH         piece length (default 1M)
  --runs N               runs per client, interleaved (default 3)
  --base DIR             folder for everything (default /dev/shm, that is memory)
  --timeout SECONDS      for one run (default 180)
  --no-verify            do not compare the downloads with the payload
  --json FILE            write every run and the environment there ("-": standard output, the table goes to stderr)
`;

/** @param {string[]} argv */
export function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      role: { type: "string", default: "leecher" },
      clients: { type: "string" },
      counterpart: { type: "string", default: "bt" },
      size: { type: "string", default: "1G" },
      piece: { type: "string", default: "1M" },
      runs: { type: "string", default: "3" },
      base: { type: "string", default: "/dev/shm" },
      timeout: { type: "string", default: "180" },
      "no-verify": { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.role !== "leecher" && values.role !== "seeder") throw new Error("--role is leecher or seeder");
  return {
    role: /** @type {"leecher" | "seeder"} */ (values.role),
    clients: values.clients?.split(",").map((name) => name.trim()),
    counterpart: values.counterpart,
    totalLength: parseLength(values.size),
    pieceLength: parseLength(values.piece),
    runCount: parseCount(values.runs),
    base: values.base,
    timeoutMs: parseCount(values.timeout) * 1_000,
    verify: !values["no-verify"],
    json: values.json,
    help: values.help,
  };
}
