import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../src/arguments.ts";
import type { CommandDefinition } from "../src/command.ts";
import { listOption, parseText, switchOption, valueOption } from "../src/options/option-spec.ts";
import { readFullArguments } from "../src/options/full-arguments.ts";
import { COMMON_OPTIONS } from "../src/options/output-options.ts";
import { readPlainArguments } from "../src/options/plain-arguments.ts";
import { parseRate } from "../src/values/length.ts";
import { parsePort } from "../src/values/number.ts";
import { FakeIo } from "./support/fake-io.ts";

const command = {
  name: "fetch",
  summary: "Fetch things.",
  operands: ["<thing...>"],
  options: {
    port: valueOption("-p, --port <n>", "a port", parsePort),
    maxDown: valueOption("--max-down <rate>", "a rate", parseRate),
    peer: listOption("--peer <text>", "peers", parseText),
    seed: switchOption("--seed", "seed"),
    noTrackers: switchOption("--no-trackers", "no trackers"),
  },
  examples: ["bt fetch x"],
  stopsCleanly: false,
  run: () => Promise.resolve(0 as const),
} satisfies CommandDefinition;

async function parse(args: readonly string[], env: Record<string, string> = {}) {
  const parsed = await parseArguments(command, args, new FakeIo({ env }));
  if (parsed.kind === "help") throw new Error("help");
  return parsed;
}

/** A result, or the message that was thrown. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}

describe("arguments", () => {
  it("become typed values; what is not named has its initial one", async () => {
    const { operands, options } = await parse([
      "a",
      "-p",
      "80",
      "b",
      "--peer",
      "x",
      "--peer=y",
      "--no-trackers",
    ]);
    expect(operands).toEqual(["a", "b"]);
    expect(options).toEqual({
      port: 80,
      maxDown: undefined,
      peer: ["x", "y"],
      seed: false,
      noTrackers: true,
      quiet: false,
      verbose: false,
      noColor: false,
    });
  });

  it("end at --", async () => {
    expect((await parse(["--", "--port"])).operands).toEqual(["--port"]);
  });

  it.each([
    [["a", "-p", "x"], /^--port: "x" is not a port; give a whole number/],
    [["a", "--port="], /^--port: the value is empty/],
    [["a", "--prot", "1"], /^unknown option '--prot'; Did you mean --port\?; see bt fetch --help$/],
    [["a", "-p"], /argument missing; see bt fetch --help$/],
    [[], /missing required argument 'thing'; see bt fetch --help$/],
  ])("%j are refused in one line", async (args, message) => {
    await expect(parse(args)).rejects.toThrow(message);
  });

  it("may be written in short forms together", async () => {
    const { operands, options } = await parse(["-qvp80", "a"]);
    expect(operands).toEqual(["a"]);
    expect(options).toMatchObject({ quiet: true, verbose: true, port: 80 });
  });

  it("mean the same to the quick reader and to the full parser", () => {
    const table = { ...command.options, ...COMMON_OPTIONS };
    const words = [
      "-",
      "--",
      "a",
      "80",
      "-p",
      "--port",
      "--port=80",
      "--peer",
      "--peer=",
      "--peer=-x",
      "-q",
      "--seed",
      "--seed=1",
    ];
    const rare = ["--no-trackers", "--no-color", "-qv", "-p80", "--help", "-h", "--pe", "", "-1"];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.constantFrom(...rare)), { maxLength: 7 }),
        (args) => {
          const quick = outcome(() => readPlainArguments(args, command.operands, table));
          if (quick === undefined) return;
          expect(quick).toEqual(outcome(() => readFullArguments(command, args, table, new FakeIo())));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("help names every option", async () => {
    const parsed = await parseArguments(command, ["--help"], new FakeIo());
    if (parsed.kind !== "help") throw new Error("no help");
    for (const text of [
      "Usage: bt fetch [options] <thing...>",
      "-p, --port <n>",
      "--no-trackers",
      "--quiet",
      "bt fetch x",
    ]) {
      expect(parsed.text).toContain(text);
    }
  });
});

describe("the environment", () => {
  it("stands in for every option", async () => {
    const env = {
      BT_PORT: "81",
      BT_MAX_DOWN: "2M",
      BT_PEER: " x\ty ",
      BT_SEED: "yes",
      BT_NO_TRACKERS: "1",
      BT_QUIET: "true",
    };
    expect((await parse(["a"], env)).options).toEqual({
      port: 81,
      maxDown: 2_097_152,
      peer: ["x", "y"],
      seed: true,
      noTrackers: true,
      quiet: true,
      verbose: false,
      noColor: false,
    });
  });

  it("gives way to arguments", async () => {
    expect(
      (await parse(["a", "-p", "80", "--peer", "z"], { BT_PORT: "81", BT_PEER: "x" })).options,
    ).toMatchObject({
      port: 80,
      peer: ["z"],
    });
  });

  it("says no with 0, and nothing when it is empty", async () => {
    expect((await parse(["a"], { BT_SEED: "0", BT_PORT: "", BT_PEER: "" })).options).toMatchObject({
      seed: false,
      port: undefined,
      peer: [],
    });
  });

  it.each([
    [{ BT_PORT: "http" }, /^environment variable BT_PORT: "http" is not a port/],
    [{ BT_SEED: "perhaps" }, /^environment variable BT_SEED: "perhaps" is not a yes or no/],
    [{ BT_MAX_DOWN: "x" }, /^environment variable BT_MAX_DOWN: "x" is not a rate/],
  ])("%j is refused by name", async (env, message) => {
    await expect(parse(["a"], env)).rejects.toThrow(message);
  });

  it("is not looked at where an argument decides", async () => {
    expect((await parse(["a", "-p", "80"], { BT_PORT: "http" })).options).toMatchObject({ port: 80 });
  });
});
