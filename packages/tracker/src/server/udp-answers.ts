import { UDP_ACTION, UDP_SCRAPE_ROW_LENGTH } from "../udp/udp-constants.ts";
import {
  decodeUdpRequest,
  type UdpAnnounceRequest,
  type UdpScrapeRequest,
} from "../udp/udp-request-decoder.ts";
import {
  encodeUdpConnectResponse,
  encodeUdpErrorResponse,
  encodeUdpScrapeResponse,
} from "../udp/udp-responses.ts";
import type { ConnectionIds } from "./connection-ids.ts";
import { wholeSeconds } from "./encode-answer.ts";
import { refusal } from "./refusal.ts";
import type { SwarmAnswer, SwarmCounts } from "./swarm-store.ts";
import { isPromise, type TrackerService } from "./tracker-service.ts";

/** Where a datagram came from and its answer goes. `packet` is good until this returns. */
export interface UdpReply {
  readonly host: string;
  readonly port: number;
}
export interface UdpPort {
  /** Memory for an answer: it may wait in a queue, so it is not used again. */
  allocate(length: number): Uint8Array;
  send(packet: Uint8Array, to: UdpReply): void;
}

const HEAD_LENGTH = 20;
/** What passes every link undivided: IPv6's least MTU of 1,280 bytes less the heads of IPv6 and UDP. */
export const MAX_UDP_ANSWER_LENGTH = 1_232;
/** No client's announce is longer, options of BEP 41 included; a scrape of 74 hashes takes 1,496 bytes. */
const MAX_UDP_REQUEST_LENGTH = 2_048;

/**
 * What a datagram is answered with (BEP 15). Nothing is remembered of who asked for a connection id. Whoever has not shown
 * one gets at most as many bytes as he sent: 16 for a connect request, and none for all else.
 */
export class UdpAnswers {
  readonly #service: TrackerService;
  readonly #ids: ConnectionIds;
  readonly #port: UdpPort;
  readonly #connectionId = new Uint8Array(8);

  constructor(service: TrackerService, ids: ConnectionIds, port: UdpPort) {
    this.#service = service;
    this.#ids = ids;
    this.#port = port;
  }

  /** `entry` holds the sender's address, `addressLength` (4 or 16) bytes. `wallNow` is the clock of connection ids. */
  answer(
    packet: Uint8Array,
    entry: Uint8Array,
    addressLength: 4 | 16,
    now: number,
    wallNow: number,
    from: UdpReply,
  ): void {
    const { counts } = this.#service;
    const request = packet.length > MAX_UDP_REQUEST_LENGTH ? undefined : decodeUdpRequest(packet);
    if (request === undefined) {
      counts.droppedDatagramCount++;
      return;
    }
    if (request.action === "connect") {
      counts.udpConnectCount++;
      this.#ids.write(entry, addressLength, wallNow, this.#connectionId, 0);
      this.#port.send(encodeUdpConnectResponse(request.transactionId, this.#connectionId), from);
      return;
    }
    if (!this.#ids.isGood(entry, addressLength, wallNow, packet, 0)) {
      counts.droppedDatagramCount++;
      return;
    }
    try {
      this.#service.requireRate(entry, addressLength, now);
      if (request.action === "announce") this.#announce(request, entry, addressLength, now, from);
      else this.#scrape(request, now, from);
    } catch (error) {
      this.#refuse(error, request.transactionId, from);
    }
  }

  #announce(
    request: UdpAnnounceRequest,
    address: Uint8Array,
    addressLength: 4 | 16,
    now: number,
    from: UdpReply,
  ): void {
    const service = this.#service;
    service.counts.udpAnnounceCount++;
    service.rules.requirePath(request.urlData);
    service.rules.requireServed(request.infoHash);
    if (request.port === 0) throw refusal("port must be 1 to 65535");
    const { port, transactionId } = request;
    const entry = address.slice(0, addressLength + 2);
    entry[addressLength] = port >> 8;
    entry[addressLength + 1] = port & 0xff;
    if (service.settings.trustClaimedAddress && addressLength === 4 && request.claimedIPv4 !== 0)
      new DataView(entry.buffer).setUint32(0, request.claimedIPv4);
    const room = Math.floor((MAX_UDP_ANSWER_LENGTH - HEAD_LENGTH) / entry.length);
    const answer = service.announce(
      {
        infoHash: request.infoHash,
        peerId: request.peerId,
        entry,
        isSeed: request.left === 0,
        event: request.event,
        numWant: Math.min(service.numWantOf(request.numWant), room),
        bothFamilies: false,
        withPeerIds: false,
      },
      now,
    );
    if (!isPromise(answer)) return this.#give(answer, transactionId, addressLength, from);
    answer.then(
      (late) => this.#give(late, transactionId, addressLength, from),
      (error: unknown) => this.#refuse(error, transactionId, from),
    );
  }

  #give(answer: SwarmAnswer, transactionId: number, addressLength: 4 | 16, from: UdpReply): void {
    const sample = addressLength === 4 ? answer.peers : answer.peers6;
    const length = sample.count * (addressLength + 2);
    const packet = this.#port.allocate(HEAD_LENGTH + length);
    write32(packet, 0, UDP_ACTION.announce);
    write32(packet, 4, transactionId);
    write32(packet, 8, wholeSeconds(this.#service.drawIntervalMs()));
    write32(packet, 12, answer.leecherCount);
    write32(packet, 16, answer.seederCount);
    for (let i = 0; i < length; i++) packet[HEAD_LENGTH + i] = sample.compact[i]!;
    this.#port.send(packet, from);
  }

  #scrape(request: UdpScrapeRequest, now: number, from: UdpReply): void {
    const { counts, rules, settings, store } = this.#service;
    counts.udpScrapeCount++;
    if (rules.isPrivate) throw refusal("scrape over HTTP, with your passkey");
    const most = Math.min(
      settings.maxScrapeHashes,
      Math.floor((MAX_UDP_ANSWER_LENGTH - 8) / UDP_SCRAPE_ROW_LENGTH),
    );
    const infoHashes = request.infoHashes.slice(0, most);
    const { transactionId } = request;
    const give = (rows: readonly SwarmCounts[]): void => {
      const shown = rows.map((row, i) => (rules.isServed(infoHashes[i]!) ? row : NO_COUNTS));
      this.#port.send(encodeUdpScrapeResponse(transactionId, shown), from);
    };
    const rows = store.scrape(infoHashes, now);
    if (!isPromise(rows)) return give(rows);
    rows.then(give, (error: unknown) => this.#refuse(error, transactionId, from));
  }

  #refuse(error: unknown, transactionId: number, from: UdpReply): void {
    const reason = this.#service.refusalOf(error);
    this.#port.send(encodeUdpErrorResponse(transactionId, reason.failureReason ?? reason.message), from);
  }
}

const NO_COUNTS = Object.freeze({ seederCount: 0, leecherCount: 0, pausedCount: 0, completedCount: 0 });

function write32(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >>> 24;
  packet[at + 1] = value >>> 16;
  packet[at + 2] = value >>> 8;
  packet[at + 3] = value;
}
