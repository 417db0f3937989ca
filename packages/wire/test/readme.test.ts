import { readFileSync } from "node:fs";
import { concatBytes, formatHex } from "@bt/primitives";
import { encodeInterested, encodeRequest } from "@bt/wire";
import { expect, it } from "vitest";
import { hex } from "./messages.ts";
import { download } from "./readme-example.ts";
import { handshakeBytes, INFO_HASH, PEER_ID, Recorder } from "./recorder.ts";

const textOf = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

it("the example of the README is the one that is tested here", () => {
  const example = /```ts\n([^`]*)```/.exec(textOf("../README.md"))?.[1];
  expect(example).toBe(textOf("./readme-example.ts"));
});

it("the example of the README asks for a block once it is unchoked", () => {
  const sent: Uint8Array[] = [];
  const recorder = new Recorder();
  const decoder = download(INFO_HASH, PEER_ID, (bytes) => void sent.push(bytes), recorder);
  decoder.push(concatBytes(handshakeBytes(), hex("0000000101"), hex("0000000a 07 00000000 00000000 aa")));
  expect(sent.map(formatHex)).toEqual(
    [handshakeBytes(), encodeInterested(), encodeRequest(0, 0, 16_384)].map(formatHex),
  );
  expect(recorder.calls).toEqual([
    ["blockStart", 0, 0, 1],
    ["block", "aa"],
  ]);
});
