import { readFileSync } from "node:fs";
import { PieceLayout } from "@bt/primitives";
import { expect, it } from "vitest";
import { BlockBatch, PiecePicker } from "@bt/piece-picker";

it("the README's example does what it says", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([^`]*)```/.exec(readme)![1]!;
  const lines = example.split("\n").filter((line) => !line.startsWith("import "));
  // Without its non-null assertions it is JavaScript.
  const code = `${lines.join("\n").replaceAll("]!", "]")}\nreturn { picker, batch };`;
  const run = new Function("PieceLayout", "BlockBatch", "PiecePicker", code) as (...names: unknown[]) => {
    picker: PiecePicker;
    batch: BlockBatch;
  };
  const { picker, batch } = run(PieceLayout, BlockBatch, PiecePicker);
  // The example picks at random: of 39 pieces the last has but 3 blocks.
  expect(batch.count).toBe(batch.pieces[0] === 38 ? 3 : 16);
  expect(picker.have.has(batch.pieces[0]!)).toBe(true);
});
