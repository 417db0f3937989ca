import { readFileSync } from "node:fs";
import { createTrackerClient } from "@bt/tracker";
import { createTrackerServer } from "@bt/tracker/server";
import { expect, it } from "vitest";

it("the README's example does what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const block = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const lines = block.split("\n").filter((line) => !line.startsWith("import "));
  // The one annotation that the example has is taken away; all else is JavaScript.
  const code = lines.join("\n").replace("(letter: string)", "(letter)");
  const printed: unknown[] = [];
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const example = new AsyncFunction("createTrackerClient", "createTrackerServer", "console", code);
  await example(createTrackerClient, createTrackerServer, { log: (value: unknown) => printed.push(value) });
  expect(printed).toEqual([[{ host: "127.0.0.1", port: 6881 }]]);
});
