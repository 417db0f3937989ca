#!/usr/bin/env node
// Measures bencode, and making and checking torrents, beside other programs. Compare only numbers of one call.
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { installedMakers, measureCreate } from "./formats-create.mjs";
import { measureBencode } from "./formats-bencode.mjs";
import { parseLength } from "./options.mjs";
import { makePayload } from "./payload.mjs";

const USAGE = `Usage: node bench/formats.mjs [options]

  --part bencode|create  only this part
  --size LENGTH          file to make a torrent of (default 1G)
  --piece LENGTH         piece length (default 1M)
  --runs N               rounds, interleaved (default 3)
  --base DIR             folder for the file (default /dev/shm, that is memory)
  --timeout SECONDS      for one program (default 180)

BT_BENCH_MODULES names a folder whose node_modules holds bencode, bencode-js or bencodec,
BT_BENCH_BENCODE the built index.js of another @bt/bencode (older, say) to compare with.
`;

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join("\n");
}

async function main() {
  const { values } = parseArgs({
    options: {
      part: { type: "string" },
      size: { type: "string", default: "1G" },
      piece: { type: "string", default: "1M" },
      runs: { type: "string", default: "3" },
      base: { type: "string", default: "/dev/shm" },
      timeout: { type: "string", default: "180" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const rounds = Number(values.runs);
  const timeoutMs = Number(values.timeout) * 1_000;
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error("--runs is a number of rounds");
  if (!(timeoutMs > 0)) throw new Error("--timeout is a number of seconds");
  if (values.part !== undefined && !["bencode", "create"].includes(values.part))
    throw new Error("--part is bencode or create");
  if (values.part !== "create") {
    console.log(`${table(await measureBencode(process.env["BT_BENCH_MODULES"], rounds))}\n`);
  }
  if (values.part === "bencode") return;
  const totalLength = parseLength(values.size);
  const pieceLength = parseLength(values.piece);
  const { bavail, bsize } = statfsSync(values.base);
  if (bavail * bsize < totalLength * 1.1) throw new Error(`${values.base} has no room for the file`);
  const base = mkdtempSync(path.join(values.base, "bt-bench-"));
  process.on("exit", () => rmSync(base, { recursive: true, force: true }));
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
    process.on(signal, () => process.exit(130));
  const { file } = makePayload(base, totalLength, pieceLength, "http://127.0.0.1:1/announce");
  console.log(`${totalLength / 2 ** 20} MiB, pieces of ${pieceLength / 1024} KiB, medians of ${rounds}\n`);
  const setup = { base, file, totalLength, pieceLength, rounds, timeoutMs };
  console.log(table(await measureCreate(installedMakers(), setup)));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${/** @type {Error} */ (error).message}\n`);
  process.exitCode = 2;
}
