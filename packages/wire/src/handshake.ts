import { WireError } from "./errors.ts";

/** Bytes of a handshake. */
export const HANDSHAKE_LENGTH = 68;

/** A length byte and the protocol's name (BEP 3). */
const PROTOCOL: Uint8Array = Uint8Array.from("\x13BitTorrent protocol", (letter) => letter.charCodeAt(0));
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;
const PEER_ID_AT = 48;

/** Where each capability has its bit in the eight reserved bytes. */
const EXTENSION_PROTOCOL = { at: 5, bit: 0x10 }; // BEP 10
const FAST = { at: 7, bit: 0x04 }; // BEP 6
const DHT = { at: 7, bit: 0x01 }; // BEP 5
const V2_UPGRADE = { at: 7, bit: 0x10 }; // BEP 52

/** What a peer says first. All byte arrays are its own copies. */
export interface Handshake {
  /** 20 bytes: the v1 info-hash, or the first 20 of a v2 info-hash. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The eight reserved bytes as they came. */
  readonly reserved: Uint8Array;
  /** BEP 6. In force only when both sides say so. */
  readonly fast: boolean;
  /** BEP 10. */
  readonly extensionProtocol: boolean;
  /** BEP 5: it has a DHT node and would like to hear the port of ours. */
  readonly dht: boolean;
  /** BEP 52: a hybrid torrent's peer that came with the v1 info-hash and can speak v2. */
  readonly v2Upgrade: boolean;
}

export interface HandshakeModel {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly fast: boolean;
  readonly extensionProtocol: boolean;
  readonly dht?: boolean;
  readonly v2Upgrade?: boolean;
}

/** The 68 bytes that open a connection. RangeError when the info-hash or the peer id is not 20 bytes long. */
export function encodeHandshake(model: HandshakeModel): Uint8Array {
  if (model.infoHash.length !== 20) throw new RangeError(`info-hash of ${model.infoHash.length} bytes`);
  if (model.peerId.length !== 20) throw new RangeError(`peer id of ${model.peerId.length} bytes`);
  const bytes = new Uint8Array(HANDSHAKE_LENGTH);
  bytes.set(PROTOCOL);
  if (model.extensionProtocol) bytes[RESERVED_AT + EXTENSION_PROTOCOL.at]! |= EXTENSION_PROTOCOL.bit;
  if (model.fast) bytes[RESERVED_AT + FAST.at]! |= FAST.bit;
  if (model.dht === true) bytes[RESERVED_AT + DHT.at]! |= DHT.bit;
  if (model.v2Upgrade === true) bytes[RESERVED_AT + V2_UPGRADE.at]! |= V2_UPGRADE.bit;
  bytes.set(model.infoHash, INFO_HASH_AT);
  bytes.set(model.peerId, PEER_ID_AT);
  return bytes;
}

/** Reads exactly 68 bytes. Throws `WireError`: another length, or not the BitTorrent protocol. */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  const wrongAt = firstForeignByte(bytes, 0, bytes.length);
  if (wrongAt >= 0) throw notBitTorrent(wrongAt);
  if (bytes.length !== HANDSHAKE_LENGTH)
    throw new WireError("WIRE_BAD_LENGTH", `handshake of ${bytes.length} bytes`, { length: bytes.length });
  const reserved = copy(bytes, RESERVED_AT, INFO_HASH_AT);
  const has = ({ at, bit }: { at: number; bit: number }): boolean => (reserved[at]! & bit) !== 0;
  return {
    infoHash: copy(bytes, INFO_HASH_AT, PEER_ID_AT),
    peerId: copy(bytes, PEER_ID_AT, HANDSHAKE_LENGTH),
    reserved,
    fast: has(FAST),
    extensionProtocol: has(EXTENSION_PROTOCOL),
    dht: has(DHT),
    v2Upgrade: has(V2_UPGRADE),
  };
}

/** Index of the first of `bytes[from, to)` that differs from the protocol's name, or -1. */
export function firstForeignByte(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to && at < PROTOCOL.length; at++) if (bytes[at] !== PROTOCOL[at]) return at;
  return -1;
}

export function notBitTorrent(offset: number): WireError {
  return new WireError("WIRE_NOT_BITTORRENT", `not the BitTorrent protocol from byte ${offset} on`, {
    offset,
  });
}

/** Not slice(): a Buffer's does not copy. */
function copy(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, to));
}
