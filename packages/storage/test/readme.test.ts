import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as metainfo from "@bt/metainfo";
import * as storage from "@bt/storage";
import * as conformance from "@bt/storage/conformance";
import { expect, it } from "vitest";
import { noise, sha1, temporaryFolder } from "./fixture.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const modules = { "@bt/metainfo": metainfo, "@bt/storage": storage, "@bt/storage/conformance": conformance };
const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

/** The n-th example, with its imports taken from `modules`. */
function programOf(n: number): string {
  const example = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)][n]![1]!;
  return example.replace(/^import (\{.*\}) from ("@bt\/[\w/]+");$/gm, "const $1 = modules[$2];");
}

it("the README's example of a storage of one's own runs as it stands", async () => {
  const run = new AsyncFunction("modules", `${programOf(1)}\nreturn cases.length;`);
  expect(await run(modules)).toBeGreaterThan(10);
});

it("the README's example runs as it stands", async () => {
  const program = programOf(0);
  const root = await temporaryFolder();
  const pieceBytes = noise(40_000, 1);
  const torrentBytes = metainfo.createTorrent({
    name: "file",
    files: [{ path: [], length: 40_000 }],
    pieceLength: 65_536,
    pieceHashes: sha1(pieceBytes),
  });
  const run = new AsyncFunction(
    "modules",
    "torrentBytes",
    "pieceBytes",
    "root",
    `${program}\nreturn { have, isGood, first };`,
  );
  const result = (await run(modules, torrentBytes, pieceBytes, root)) as Record<string, unknown>;
  expect(result).toMatchObject({ isGood: true, first: pieceBytes.slice(0, 16) });
  expect(Buffer.compare(await readFile(join(root, "file")), pieceBytes)).toBe(0);
});
