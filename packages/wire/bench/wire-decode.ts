/**
 * What decoding costs: microseconds per 16 KiB block (the payload is handed over, not copied) and per request, for
 * chunks of several sizes; beside it a bare walk over the same stream (length prefixes only), as the floor.
 *
 * From the package's folder:
 * `npx esbuild bench/wire-decode.ts --bundle --format=esm --conditions=@bt/source | node --input-type=module -`
 */
import {
  encodeRequest,
  PIECE_HEADER_LENGTH,
  WireDecoder,
  writePieceHeader,
  type WireHandler,
} from "@bt/wire";

const BLOCK_LENGTH = 16_384;
const ROUNDS = 9;

let blockCount = 0;
let requestCount = 0;
let byteCount = 0;
const nothing = (): void => {};
const handler: WireHandler = {
  onHandshake: nothing,
  onKeepAlive: nothing,
  onChoke: nothing,
  onUnchoke: nothing,
  onInterested: nothing,
  onNotInterested: nothing,
  onHave: nothing,
  onBitfield: nothing,
  onHaveAll: nothing,
  onHaveNone: nothing,
  onRequest: () => void requestCount++,
  onCancel: nothing,
  onReject: nothing,
  onSuggest: nothing,
  onAllowedFast: nothing,
  onPort: nothing,
  onExtended: nothing,
  onUnknown: nothing,
  onBlockStart: () => true,
  onBlockData: (_source, start, end) => void (byteCount += end - start),
  onBlockEnd: () => void blockCount++,
};

function blocks(count: number): Uint8Array {
  const messageLength = PIECE_HEADER_LENGTH + BLOCK_LENGTH;
  const stream = new Uint8Array(count * messageLength);
  for (let i = 0; i < count; i++)
    writePieceHeader(stream, i * messageLength, i >> 4, (i & 15) * BLOCK_LENGTH, BLOCK_LENGTH);
  return stream;
}

function requests(count: number): Uint8Array {
  const stream = new Uint8Array(count * 17);
  for (let i = 0; i < count; i++)
    stream.set(encodeRequest(i >> 4, (i & 15) * BLOCK_LENGTH, BLOCK_LENGTH), i * 17);
  return stream;
}

function cut(stream: Uint8Array, chunkLength: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += chunkLength) chunks.push(stream.slice(at, at + chunkLength));
  return chunks;
}

/** Best of several rounds, in microseconds per message. */
function measure(messageCount: number, repeats: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) run();
    best = Math.min(best, ((performance.now() - start) * 1000) / (repeats * messageCount));
  }
  return best;
}

function decode(chunks: readonly Uint8Array[]): () => void {
  return () => {
    const decoder = new WireDecoder(handler, { handshake: false });
    for (const chunk of chunks) decoder.push(chunk);
  };
}

/** The least that any decoder must do: read each length prefix and step over the message. */
function walk(stream: Uint8Array): () => void {
  const view = new DataView(stream.buffer);
  return () => {
    for (let at = 0; at < stream.length; at += 4 + view.getUint32(at)) byteCount++;
  };
}

const blockStream = blocks(512);
const requestStream = requests(16_384);
for (const chunkLength of [262_144, 65_536, 16_384, 1_448]) {
  const perBlock = measure(512, 200, decode(cut(blockStream, chunkLength)));
  const perRequest = measure(16_384, 20, decode(cut(requestStream, chunkLength)));
  console.log(
    `chunks of ${String(chunkLength).padStart(6)}: ${perBlock.toFixed(4)} µs per block, ${perRequest.toFixed(4)} µs per request`,
  );
}
console.log(`bare walk: ${measure(512, 200, walk(blockStream)).toFixed(4)} µs per block`);
const target = new Uint8Array(17 * 512);
const perWrite = measure(512, 500, () => {
  for (let i = 0, at = 0; i < 512; i++) {
    const message = encodeRequest(i, 0, BLOCK_LENGTH);
    target.set(message, at);
    at += 17;
  }
});
console.log(`encodeRequest: ${perWrite.toFixed(4)} µs per request`);
if (blockCount === 0 || requestCount === 0 || byteCount === 0) throw new Error("nothing was decoded");
