import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as metainfo from "@bt/metainfo";
import * as storage from "@bt/storage";
import { expect, it } from "vitest";
import { noise, sha1, temporaryFolder } from "./fixture.ts";

it("the README's example runs as it stands", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const program = example.replace(/^import (\{.*\}) from ("@bt\/\w+");$/gm, "const $1 = modules[$2];");
  const root = await temporaryFolder();
  const pieceBytes = noise(40_000, 1);
  const torrentBytes = metainfo.createTorrent({
    name: "file",
    files: [{ path: [], length: 40_000 }],
    pieceLength: 65_536,
    pieceHashes: sha1(pieceBytes),
  });
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const run = new AsyncFunction(
    "modules",
    "torrentBytes",
    "pieceBytes",
    "root",
    `${program}\nreturn { have, isGood, first };`,
  );
  const modules = { "@bt/metainfo": metainfo, "@bt/storage": storage };
  const result = (await run(modules, torrentBytes, pieceBytes, root)) as Record<string, unknown>;
  expect(result).toMatchObject({ isGood: true, first: pieceBytes.slice(0, 16) });
  expect(Buffer.compare(await readFile(join(root, "file")), pieceBytes)).toBe(0);
});
