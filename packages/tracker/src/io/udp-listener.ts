import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { writeAddress } from "../server/address-bytes.ts";
import type { ConnectionIds } from "../server/connection-ids.ts";
import type { ServerClock } from "../server/server-clock.ts";
import type { TrackerService } from "../server/tracker-service.ts";
import { UdpAnswers } from "../server/udp-answers.ts";

/** What waits in the kernel while the loop is busy: the kernel may give less. */
const RECEIVE_BUFFER_LENGTH = 4_194_304;

/** UDP on one address of one family. */
export class UdpListener {
  readonly #socket: Socket;
  readonly #answers: UdpAnswers;
  readonly #clock: ServerClock;
  readonly #entry = new Uint8Array(18);

  constructor(
    service: TrackerService,
    ids: ConnectionIds,
    family: 4 | 6,
    ipv6Only: boolean,
    clock: ServerClock,
  ) {
    this.#clock = clock;
    this.#socket = createSocket({
      type: family === 4 ? "udp4" : "udp6",
      ipv6Only: family === 6 && ipv6Only,
      recvBufferSize: RECEIVE_BUFFER_LENGTH,
      // Answers go to the addresses that questions came from. Node's own lookup would put each off by a turn of the loop.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    this.#answers = new UdpAnswers(service, ids, {
      allocate: (length) => Buffer.allocUnsafe(length),
      send: (packet, to) => this.#socket.send(packet, to.port, to.host),
    });
  }

  /** Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.bind({ port, address: host }, () => {
        this.#socket.off("error", reject);
        // An answer that cannot be sent is lost, as any datagram may be.
        this.#socket.on("error", () => undefined);
        this.#socket.on("message", (packet, from) => this.#onMessage(packet, from));
        resolve(this.#socket.address());
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #onMessage(packet: Uint8Array, from: RemoteInfo): void {
    // Port 0 can be forged and cannot be answered: `send` would throw.
    if (from.port === 0) return;
    const addressLength = writeAddress(from.address, this.#entry);
    if (addressLength === 0) return;
    this.#answers.answer(packet, this.#entry, addressLength, this.#clock.now(), this.#clock.wallNow(), {
      host: from.address,
      port: from.port,
    });
  }
}
