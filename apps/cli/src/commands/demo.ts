import { defineCommand } from "../define-command.ts";
import { usageFailure } from "../failure.ts";
import { valueOption } from "../options/option-spec.ts";
import { JSON_OPTION } from "../options/output-options.ts";
import { withView } from "../output/transfer-view.ts";
import { parseLength } from "../values/length.ts";

const DEFAULT_SIZE = 64 * 1024 * 1024;
/** Four copies of it lie on the disk for a while. */
const MAX_SIZE = 4 * 1024 ** 3;
const MIN_SIZE = 64 * 1024;

export const demo = defineCommand({
  name: "demo",
  summary:
    "Show the whole pipeline on this machine, without a network: a payload, a tracker, two seeders and a leecher, " +
    "all on 127.0.0.1 and in a temporary folder that is removed at the end.",
  operands: [],
  options: {
    size: valueOption("--size <size>", "size of the payload, 64K to 4G (default 64M)", parsePayloadSize),
    ...JSON_OPTION,
  },
  examples: ["bt demo", "bt demo --size 1G"],
  stopsCleanly: true,
  run: (call) =>
    withView(call, async (view) => {
      const { runDemo } = await import("../demo/run-demo.ts");
      return runDemo(call.options.size ?? DEFAULT_SIZE, view, call.stop);
    }),
});

function parsePayloadSize(text: string): number {
  const size = parseLength(text);
  if (size < MIN_SIZE || size > MAX_SIZE)
    throw usageFailure(`"${text}" is out of range; give a size from 64K to 4G`);
  return size;
}
