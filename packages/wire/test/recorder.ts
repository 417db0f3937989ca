import { formatHex } from "@bt/primitives";
import { encodeHandshake, WireDecoder, type WireDecoderOptions, type WireHandler } from "@bt/wire";

export const INFO_HASH: Uint8Array = Uint8Array.from({ length: 20 }, (_, i) => i + 1);
export const PEER_ID: Uint8Array = Uint8Array.from("-BT0100-abcdefghijkl", (letter) => letter.charCodeAt(0));

/** A handshake that offers all, or less. */
export function handshakeBytes(offer: { fast?: boolean; extensionProtocol?: boolean } = {}): Uint8Array {
  return encodeHandshake({
    infoHash: INFO_HASH,
    peerId: PEER_ID,
    fast: true,
    extensionProtocol: true,
    ...offer,
  });
}

export type Call = readonly [name: string, ...facts: (number | string)[]];

/** Writes down every call; the parts of a block become one call, for where they are cut depends on the chunks. */
export class Recorder implements WireHandler {
  readonly calls: Call[] = [];
  /** Called after each call is written down. */
  after: (call: Call) => void = () => {};
  takesBlocks = true;
  #block: number[] | undefined;

  onHandshake: WireHandler["onHandshake"] = (handshake) =>
    this.#note("handshake", formatHex(handshake.infoHash), formatHex(handshake.peerId));
  onKeepAlive: WireHandler["onKeepAlive"] = () => this.#note("keepAlive");
  onChoke: WireHandler["onChoke"] = () => this.#note("choke");
  onUnchoke: WireHandler["onUnchoke"] = () => this.#note("unchoke");
  onInterested: WireHandler["onInterested"] = () => this.#note("interested");
  onNotInterested: WireHandler["onNotInterested"] = () => this.#note("notInterested");
  onHave: WireHandler["onHave"] = (piece) => this.#note("have", piece);
  onBitfield: WireHandler["onBitfield"] = (bytes) => this.#note("bitfield", formatHex(bytes));
  onHaveAll: WireHandler["onHaveAll"] = () => this.#note("haveAll");
  onHaveNone: WireHandler["onHaveNone"] = () => this.#note("haveNone");
  onRequest: WireHandler["onRequest"] = (...range) => this.#note("request", ...range);
  onCancel: WireHandler["onCancel"] = (...range) => this.#note("cancel", ...range);
  onReject: WireHandler["onReject"] = (...range) => this.#note("reject", ...range);
  onSuggest: WireHandler["onSuggest"] = (piece) => this.#note("suggest", piece);
  onAllowedFast: WireHandler["onAllowedFast"] = (piece) => this.#note("allowedFast", piece);
  onPort: WireHandler["onPort"] = (port) => this.#note("port", port);
  onExtended: WireHandler["onExtended"] = (id, payload) => this.#note("extended", id, formatHex(payload));
  onUnknown: WireHandler["onUnknown"] = (id, length) => this.#note("unknown", id, length);
  onBlockStart: WireHandler["onBlockStart"] = (...range) => {
    this.#note("blockStart", ...range);
    this.#block = this.takesBlocks ? [] : undefined;
    return this.takesBlocks;
  };
  onBlockData: WireHandler["onBlockData"] = (source, start, end) => {
    if (this.#block === undefined) throw new Error("data of a block that was not started");
    if (!(start >= 0 && start < end && end <= source.length))
      throw new Error(`empty or outside: ${start} to ${end}`);
    for (let at = start; at < end; at++) this.#block.push(source[at]!);
  };
  onBlockEnd: WireHandler["onBlockEnd"] = () => {
    if (this.#block === undefined) throw new Error("end of a block that was not started");
    this.#note("block", formatHex(Uint8Array.from(this.#block)));
    this.#block = undefined;
  };

  #note(...call: Call): void {
    this.calls.push(call);
    this.after(call);
  }
}

/** The calls that come of `chunks` after an agreed handshake. */
export function callsOf(
  chunks: readonly Uint8Array[],
  options: WireDecoderOptions = {},
  pieceCount?: number,
): Call[] {
  const recorder = new Recorder();
  const decoder = new WireDecoder(recorder, { handshake: false, ...options });
  if (pieceCount !== undefined) decoder.setPieceCount(pieceCount);
  for (const chunk of chunks) decoder.push(chunk);
  return recorder.calls;
}
