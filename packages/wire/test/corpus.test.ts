import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BtError, formatHex } from "@bt/primitives";
import {
  allowedFastSet,
  clientNameOf,
  decodeExtensionHandshake,
  decodeHandshake,
  WireDecoder,
} from "@bt/wire";
import { describe, expect, it } from "vitest";
import { hex } from "./messages.ts";
import { callsOf, Recorder, type Call } from "./recorder.ts";

/* The shared corpus of cases made by others; it lies beside the repository and is not part of it. */
const manifest = fileURLToPath(new URL("../../../../shared/corpus/MANIFEST.json", import.meta.url));

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly input: {
    readonly hex?: string;
    readonly text?: string;
    readonly params?: Record<string, unknown>;
  };
  readonly expect: {
    readonly class: string;
    readonly facts?: Record<string, unknown>;
    readonly if_accepted?: Record<string, unknown>;
    readonly output?: Record<string, unknown>;
    readonly known?: readonly string[];
  };
  readonly context?: { readonly requested_block_length?: number };
}

const isThere = existsSync(manifest);
const cases = isThere ? (JSON.parse(readFileSync(manifest, "utf8")) as { cases: Case[] }).cases : [];

function bytesOf({ input }: Case): Uint8Array {
  return input.hex !== undefined ? hex(input.hex) : new TextEncoder().encode(input.text);
}

/** Our calls in the words of the corpus. */
function messageOf([name, ...facts]: Call, wanted: Record<string, unknown>): Record<string, unknown> {
  const type = name
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace("keep alive", "keep-alive");
  const [index, begin, length] = facts;
  if (["have", "suggest", "allowedFast"].includes(name)) return { type, index };
  if (["request", "cancel", "reject"].includes(name)) return { type, index, begin, length };
  if (name === "port") return { type, port: index };
  // What is in an extended message belongs to its own extension, and is compared there.
  if (name === "extended") return { ...wanted, type, ext_id: index };
  if (name !== "bitfield") return { type };
  const set = [...hex(String(index))].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (0x80 >> bit)).map((bit) => at * 8 + bit),
  );
  return { type, set, pieces: wanted["pieces"] };
}

const checks: Record<string, (item: Case) => void> = {
  "wire-handshake"(item) {
    const bytes = bytesOf(item);
    if (item.expect.class === "reject" && item.expect.known !== undefined) {
      // Well formed; that the torrent is not ours is the caller's to see.
      expect(item.expect.known).not.toContain(formatHex(decodeHandshake(bytes).infoHash));
    } else if (item.expect.class === "reject") {
      expect(() => new WireDecoder(new Recorder()).push(bytes)).toThrow(BtError);
    } else {
      const handshake = decodeHandshake(bytes);
      const facts: Record<string, unknown> = {
        infohash: formatHex(handshake.infoHash),
        peer_id: formatHex(handshake.peerId),
        extended: handshake.extensionProtocol,
        fast: handshake.fast,
        dht: handshake.dht,
        v2_upgrade: handshake.v2Upgrade,
      };
      expect(facts).toMatchObject(item.expect.facts!);
    }
  },
  "wire-bytes"(item) {
    const wanted = (item.expect.facts?.["messages"] ?? []) as Record<string, unknown>[];
    const requested = item.context?.requested_block_length;
    const run = (): Call[] =>
      callsOf(
        [bytesOf(item)],
        requested === undefined ? {} : { maxBlockLength: requested },
        wanted[0]?.["pieces"] as number | undefined,
      );
    if (item.expect.class === "accept")
      expect(run().map((call, i) => messageOf(call, wanted[i] ?? {}))).toEqual(wanted);
    else if (item.expect.class === "bounded" || item.expect.class === "reject") expect(run).toThrow(BtError);
    else {
      // A message whose id no BEP names is reported when its header is there; nothing else comes of half a message.
      expect(item.expect.class).toBe("incomplete");
      expect(run().filter(([name]) => name !== "unknown" && name !== "blockStart")).toEqual([]);
    }
  },
  "allowed-fast-vector"({ input, expect: { output } }) {
    const { ip, infohash, pieces, k } = input.params as {
      ip: string;
      infohash: string;
      pieces: number;
      k: number;
    };
    const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();
    expect(allowedFastSet(ip, hex(infohash), pieces, k, sha1)).toEqual(output!["set"]);
  },
  "client-id"({ input, expect: { class: kind, output } }) {
    const name = clientNameOf(hex(input.params!["peer_id_prefix_hex"] as string));
    expect(name).toMatch(/^[A-Za-z0-9µ .()-]+$/);
    if (kind === "advisory") expect(Object.values(output!)).toContain(name);
  },
  "extension-message"(item) {
    const handshake = decodeExtensionHandshake(bytesOf(item));
    const facts: Record<string, unknown> = {
      m: Object.fromEntries(handshake.extensions),
      metadata_size: handshake.metadataLength ?? 0,
      reqq: handshake.requestQueueDepth ?? 0,
      note: undefined, // the corpus explains itself under this name
    };
    const wanted = item.expect.facts ?? item.expect.if_accepted!;
    expect(facts).toMatchObject({ ...wanted, note: undefined });
  },
};

describe("cases made by others", () => {
  const mine = cases.filter(({ kind }) => kind in checks);

  // Skipped, and so reported as not run, where the corpus is not beside the repository.
  it.runIf(isThere)("are there, of every kind that is checked here", () => {
    expect(new Set(mine.map(({ kind }) => kind))).toEqual(new Set(Object.keys(checks)));
  });

  it.each(mine)("$kind $id", (item) => {
    checks[item.kind]!(item);
  });
});
