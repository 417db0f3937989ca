import { concatBytes } from "@bt/primitives";
import type { Stream, StreamHandler } from "@bt/engine";
import { encodeHandshake, WireDecoder, writePieceHeader, type Handshake, type WireHandler } from "@bt/wire";
import type { Simulation } from "./simulation.ts";

/** What a scripted peer does at each turn; whatever is left out it does not do. */
export interface PeerScript {
  /** After both handshakes: e.g. claim to have everything. */
  onJoined?(peer: ScriptedPeer): void;
  onInterested?(peer: ScriptedPeer): void;
  onUnchoke?(peer: ScriptedPeer): void;
  onRequest?(peer: ScriptedPeer, piece: number, offset: number, length: number): void;
  /** Replaces the handshake by any bytes; none: it says nothing at all. */
  readonly firstBytes?: Uint8Array;
}

/** A peer that speaks the protocol as far as its script does: for hostile and broken clients in tests. */
export class ScriptedPeer implements WireHandler, StreamHandler {
  readonly host: string;
  readonly port = 6881;
  readonly #simulation: Simulation;
  readonly #script: PeerScript;
  readonly #decoder = new WireDecoder(this);
  #stream: Stream | undefined;
  #isIncoming = false;
  /** Connections that were made to it or by it, and how many of them have ended. */
  connectionCount = 0;
  closedCount = 0;
  requestCount = 0;

  private constructor(simulation: Simulation, host: string, script: PeerScript) {
    this.#simulation = simulation;
    this.host = host;
    this.#script = script;
  }

  /** Dials a client at 6881. */
  static dial(simulation: Simulation, to: string, script: PeerScript): ScriptedPeer {
    const { host, transport } = simulation.addHost();
    const peer = new ScriptedPeer(simulation, host, script);
    peer.#stream = transport.dial({ host: to, port: 6881 }, peer);
    return peer;
  }

  /** Waits at 6881 for a client to dial; each connection gets a peer of its own with the same script. */
  static async listen(
    simulation: Simulation,
    script: PeerScript,
  ): Promise<{ host: string; peers: ScriptedPeer[] }> {
    const { host, transport } = simulation.addHost();
    const peers: ScriptedPeer[] = [];
    await transport.listen(6881, (stream) => {
      const peer = new ScriptedPeer(simulation, host, script);
      peer.#stream = stream;
      peer.#isIncoming = true;
      peer.connectionCount++;
      peers.push(peer);
      return peer;
    });
    return { host, peers };
  }

  get isOpen(): boolean {
    return this.connectionCount > this.closedCount;
  }

  send(...messages: readonly Uint8Array[]): void {
    this.#stream?.write(concatBytes(...messages));
  }

  /** A block of the torrent, as it is or spoilt. */
  sendBlock(piece: number, offset: number, length: number, spoil?: (block: Uint8Array) => void): void {
    const from = this.#simulation.metainfo.layout.pieces.offsetOf(piece) + offset;
    const message = new Uint8Array(13 + length);
    writePieceHeader(message, 0, piece, offset, length);
    const block = message.subarray(13);
    block.set(this.#simulation.payload.subarray(from, from + length));
    spoil?.(block);
    this.send(message);
  }

  onConnected(): void {
    this.connectionCount++;
    this.#sayHello();
  }

  onData(source: Uint8Array, length: number): void {
    this.#decoder.push(source, length);
  }

  onClosed(): void {
    this.closedCount++;
  }

  onHandshake(_handshake: Handshake): void {
    if (this.#isIncoming) this.#sayHello();
    if (this.#script.firstBytes === undefined) this.#script.onJoined?.(this);
  }

  #sayHello(): void {
    const infoHash = this.#simulation.metainfo.infoHash!;
    const peerId = this.#simulation.random.bytes(20);
    this.send(
      this.#script.firstBytes ?? encodeHandshake({ infoHash, peerId, fast: true, extensionProtocol: true }),
    );
  }

  onInterested(): void {
    this.#script.onInterested?.(this);
  }

  onUnchoke(): void {
    this.#script.onUnchoke?.(this);
  }

  onRequest(piece: number, offset: number, length: number): void {
    this.requestCount++;
    this.#script.onRequest?.(this, piece, offset, length);
  }

  onBlockStart(): boolean {
    return false;
  }

  onKeepAlive(): void {}
  onChoke(): void {}
  onNotInterested(): void {}
  onHave(): void {}
  onBitfield(): void {}
  onHaveAll(): void {}
  onHaveNone(): void {}
  onCancel(): void {}
  onReject(): void {}
  onSuggest(): void {}
  onAllowedFast(): void {}
  onPort(): void {}
  onExtended(): void {}
  onUnknown(): void {}
  onBlockData(): void {}
  onBlockEnd(): void {}
}
