import { Bitfield, bytesEqual, compareBytes, RemoteProtocolError } from "@bt/primitives";
import {
  decodeExtensionHandshake,
  encodeHandshake,
  WireDecoder,
  type Handshake,
  type WireHandler,
} from "@bt/wire";
import type { TorrentCore } from "./core/torrent-core.ts";
import { Peer, type PeerLink } from "./core/peer.ts";
import type { PeerRecord } from "./core/peer-book.ts";
import { swarmHashes } from "./core/swarm-hashes.ts";
import type { Clock, Stream, StreamHandler } from "./ports.ts";

/** What a connection asks of the session it belongs to. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly peerId: Uint8Array;
  /** The torrent that an incoming peer wants, if we have it and take peers for it. */
  torrentFor(infoHash: Uint8Array): TorrentCore | undefined;
  /** The handshake is done. */
  joined(connection: Connection): void;
  closed(connection: Connection): void;
}

/** Two connections to one peer that are both younger than this came about because each side dialled the other, ms. */
const SIMULTANEOUS_MS = 10_000;

/** Each bitfield costs a look at every piece, so a peer gets a fair number of them. */
const MAXIMUM_BITFIELDS = 1_000;

/**
 * One stream to a peer, from the first byte to the last: does the handshake, then turns messages into facts for its
 * torrent. It knows no policy; everything that is decided is decided in the torrent.
 */
export class Connection implements WireHandler, StreamHandler, PeerLink {
  readonly openedAt: number;
  readonly #host: ConnectionHost;
  readonly #decoder = new WireDecoder(this);
  #stream: Stream | undefined;
  #torrent: TorrentCore | undefined;
  readonly #record: PeerRecord | undefined;
  #peer: Peer | undefined;
  #closed = false;
  #misbehaved = false;
  #pieceCount = 0;
  #bitfieldCount = 0;
  /** Where the next payload byte goes within the piece, and how many came in this chunk. */
  #blockAt = 0;
  #blockLength = 0;

  /** `dialled` is what we dial for; without it the peer has come to us and names its torrent itself. */
  constructor(host: ConnectionHost, dialled?: { torrent: TorrentCore; record: PeerRecord }) {
    this.#host = host;
    this.#torrent = dialled?.torrent;
    this.#record = dialled?.record;
    this.openedAt = host.clock.now();
  }

  attach(stream: Stream): void {
    this.#stream = stream;
    if (this.#closed) stream.close();
  }

  get wasDialled(): boolean {
    return this.#record !== undefined;
  }

  // From the stream.

  onConnected(): void {
    if (this.#torrent === undefined) return;
    const hashes = swarmHashes(this.#torrent.state.metainfo);
    this.#sendHandshake(hashes[this.#record?.hashIndex ?? 0] ?? hashes[0]!);
  }

  onData(source: Uint8Array, length: number): void {
    if (this.#closed) return;
    const peer = this.#peer;
    if (peer !== undefined) peer.lastReceivedAt = this.#host.clock.now();
    this.#blockLength = 0;
    try {
      this.#decoder.push(source, length);
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      this.#misbehaved = true;
      this.close(error.message);
      return;
    }
    if (this.#peer !== undefined && !this.#closed) this.#torrent?.bytesHandled(this.#peer, this.#blockLength);
  }

  onClosed(): void {
    this.#closed = true;
    this.#decoder.stop();
    this.#host.closed(this);
    const torrent = this.#torrent;
    if (torrent === undefined) return;
    if (this.#peer !== undefined)
      torrent.handle({ type: "peer-left", peer: this.#peer, misbehaved: this.#misbehaved });
    else if (this.#record !== undefined) torrent.handle({ type: "dial-failed", record: this.#record });
  }

  // From the torrent.

  get unsentLength(): number {
    return this.#stream?.unsentLength ?? 0;
  }

  send(messages: Uint8Array, onWritten?: () => void): void {
    if (this.#closed || this.#stream === undefined) onWritten?.();
    else this.#stream.write(messages, onWritten);
  }

  /** The reason is for people; a peer is never told why. */
  close(_reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decoder.stop();
    this.#stream?.close();
  }

  // From the decoder.

  onHandshake(handshake: Handshake): void {
    const torrent = this.#torrent ?? this.#host.torrentFor(handshake.infoHash);
    if (torrent === undefined) return this.close("wants a torrent that is not here");
    const isIncoming = this.#torrent === undefined;
    const t = torrent.state;
    // A hybrid torrent is one torrent under two names; who was greeted by one may answer by the other (BEP 52).
    const hashIndex = swarmHashes(t.metainfo).findIndex((hash) => bytesEqual(handshake.infoHash, hash));
    if (hashIndex < 0) return this.close("answers for another torrent");
    if (bytesEqual(handshake.peerId, this.#host.peerId)) {
      // We dialled ourselves, through a tracker that told us our own address.
      if (this.#record !== undefined) t.book.ban(this.#record);
      return this.close("is ourselves");
    }
    const twin = [...t.peers].find((peer) => bytesEqual(peer.id, handshake.peerId));
    if (twin !== undefined && this.#yieldsTo(twin, handshake.peerId))
      return this.close("is connected already");
    const { remote } = this.#stream!;
    const record = this.#record ?? t.book.note(remote, "incoming", false, hashIndex);
    if (record === undefined) return this.close("is banned");
    if (isIncoming) this.#sendHandshake(handshake.infoHash);
    twin?.link.close("is connected twice");
    this.#torrent = torrent;
    this.#pieceCount = t.layout.pieceCount;
    this.#decoder.setPieceCount(this.#pieceCount);
    this.#peer = new Peer({
      link: this,
      endpoint: remote,
      record,
      outgoing: !isIncoming,
      id: handshake.peerId,
      fast: handshake.fast,
      extensionProtocol: handshake.extensionProtocol,
      now: this.#host.clock.now(),
    });
    this.#host.joined(this);
    torrent.handle({ type: "peer-joined", peer: this.#peer });
  }

  /**
   * Which of two connections to the same peer stays. When both sides dialled at once, both must come to the same answer:
   * the one that the greater peer id opened. Otherwise the one that is there stays.
   */
  #yieldsTo(twin: Peer, theirId: Uint8Array): boolean {
    const outgoing = this.#record !== undefined;
    if (twin.outgoing === outgoing || this.#host.clock.now() - twin.joinedAt > SIMULTANEOUS_MS) return true;
    const oursIsGreater = compareBytes(this.#host.peerId, theirId) > 0;
    return outgoing !== oursIsGreater;
  }

  #sendHandshake(infoHash: Uint8Array): void {
    this.#stream?.write(
      encodeHandshake({ infoHash, peerId: this.#host.peerId, fast: true, extensionProtocol: true }),
    );
  }

  onKeepAlive(): void {
    // `lastReceivedAt` has noted it.
  }

  onChoke(): void {
    this.#tell("choke");
  }

  onUnchoke(): void {
    this.#tell("unchoke");
  }

  onInterested(): void {
    this.#tell("interested");
  }

  onNotInterested(): void {
    this.#tell("not-interested");
  }

  onHaveAll(): void {
    this.#tell("have-all");
  }

  onHaveNone(): void {
    // What we assume of everybody at first.
  }

  onHave(piece: number): void {
    if (this.#peer !== undefined) this.#torrent?.handle({ type: "have", peer: this.#peer, piece });
  }

  onBitfield(bytes: Uint8Array): void {
    // aria2 sends one in mid-connection when it is shorter than the `have` messages that it stands for.
    if (++this.#bitfieldCount > MAXIMUM_BITFIELDS) return this.close("sends bitfields without end");
    const field = Bitfield.fromBytes(bytes, this.#pieceCount);
    if (field !== undefined && this.#peer !== undefined)
      this.#torrent?.handle({ type: "bitfield", peer: this.#peer, field });
  }

  onRequest(piece: number, offset: number, length: number): void {
    if (this.#peer !== undefined) this.#torrent?.blockRequested(this.#peer, piece, offset, length);
  }

  onCancel(piece: number, offset: number, length: number): void {
    if (this.#peer !== undefined)
      this.#torrent?.handle({ type: "cancel", peer: this.#peer, piece, offset, length });
  }

  onReject(piece: number, offset: number, length: number): void {
    if (this.#peer !== undefined)
      this.#torrent?.handle({ type: "reject", peer: this.#peer, piece, offset, length });
  }

  onSuggest(): void {
    // Advice that we do not follow: it names a piece in the peer's cache (BEP 6).
  }

  onAllowedFast(piece: number): void {
    if (this.#peer !== undefined) this.#torrent?.handle({ type: "allowed-fast", peer: this.#peer, piece });
  }

  onPort(): void {
    // For a DHT node, which this engine does not have yet.
  }

  onUnknown(): void {
    // Skipped, as BEP 3 leaves room for.
  }

  onExtended(extensionId: number, payload: Uint8Array): void {
    // 0 is the extension handshake; we have given out no other numbers.
    if (extensionId !== 0 || this.#peer === undefined) return;
    this.#torrent?.handle({
      type: "extension-handshake",
      peer: this.#peer,
      handshake: decodeExtensionHandshake(payload),
    });
  }

  onBlockStart(piece: number, offset: number, length: number): boolean {
    const torrent = this.#torrent;
    if (this.#peer === undefined || torrent === undefined) return false;
    if (!torrent.blockStarts(this.#peer, piece, offset, length)) return false;
    // Only what was asked for counts as an answer: a flood of other blocks must not keep a silent peer from its timeout.
    this.#blockLength += length;
    this.#blockAt = offset;
    return true;
  }

  onBlockData(source: Uint8Array, start: number, end: number): void {
    this.#peer?.sink?.put(this.#blockAt, source, start, end);
    this.#blockAt += end - start;
  }

  onBlockEnd(): void {
    if (this.#peer !== undefined) this.#torrent?.blockEnds(this.#peer);
  }

  #tell(type: "choke" | "unchoke" | "interested" | "not-interested" | "have-all"): void {
    if (this.#peer !== undefined) this.#torrent?.handle({ type, peer: this.#peer });
  }
}
