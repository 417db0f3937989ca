import { compareBytes } from "@bt/primitives";
import { writeAddress, writeEntry } from "./address-bytes.ts";
import { type AnnounceRequest, parseAnnounceRequest, parseScrapeRequest } from "./announce-request.ts";
import { AnswerWriter } from "./answer-writer.ts";
import {
  SCRAPE_BEGIN,
  SCRAPE_END,
  writeAnnounceAnswer,
  writeFailure,
  writeScrapeRow,
} from "./encode-answer.ts";
import type { HttpRequestReader } from "./http-request.ts";
import { refusal } from "./refusal.ts";
import type { SwarmAnswer, SwarmCounts } from "./swarm-store.ts";
import { isPromise, type TrackerService } from "./tracker-service.ts";

/** Where an answer goes; the writer's bytes are good until it returns. */
export interface HttpReply {
  reply(status: number, contentType: string, body: AnswerWriter): void;
}

const PLAIN = "text/plain";
const SCRAPE_PAGE_LENGTH = 512;

/** What an HTTP request is answered with. */
export class HttpAnswers {
  readonly #service: TrackerService;
  readonly #writer = new AnswerWriter();
  readonly #entry = new Uint8Array(18);

  constructor(service: TrackerService) {
    this.#service = service;
  }

  /**
   * Answers the request that `reader` has just read in `bytes`. `host` is who asks. An answer that is at hand is given before
   * this returns.
   */
  answer(bytes: Uint8Array, reader: HttpRequestReader, host: string, now: number, to: HttpReply): void {
    const path = text(bytes, reader.pathAt, reader.pathEnd);
    try {
      const action = this.#service.rules.actionOf(path);
      if (action === undefined) return this.#page(path, reader, to);
      if (!reader.isGet && !reader.isHead) return this.#text(405, "only GET\n", to);
      const entryLength = writeEntry(host, 0, this.#entry);
      if (entryLength === 0) throw refusal("the address of the connection is not known");
      this.#service.requireRate(this.#entry, entryLength - 2, now);
      if (action === "announce") this.#announce(bytes, reader, entryLength, now, to);
      else this.#scrape(bytes, reader, now, to);
    } catch (error) {
      this.#refuse(error, to);
    }
  }

  /** Says no in HTTP: a request that cannot be read. */
  refuseRequest(status: number, to: HttpReply): void {
    this.#service.counts.badRequestCount++;
    this.#text(status, `HTTP status ${status}\n`, to);
  }

  #announce(
    bytes: Uint8Array,
    reader: HttpRequestReader,
    entryLength: 6 | 18,
    now: number,
    to: HttpReply,
  ): void {
    const service = this.#service;
    service.counts.httpAnnounceCount++;
    const request = parseAnnounceRequest(bytes, reader.queryAt, reader.queryEnd);
    service.rules.requireServed(request.infoHash);
    const entry = this.#entryOf(request, entryLength);
    const { compact, noPeerId } = request;
    const answer = service.announce(
      {
        infoHash: request.infoHash,
        peerId: request.peerId,
        entry,
        isSeed: request.isSeed,
        event: request.event,
        numWant: service.numWantOf(request.numWant),
        bothFamilies: true,
        withPeerIds: !compact && !noPeerId,
      },
      now,
    );
    if (!isPromise(answer)) return this.#give(answer, request, entry, to);
    answer.then(
      (late) => this.#give(late, request, entry, to),
      (error: unknown) => this.#refuse(error, to),
    );
  }

  #entryOf(request: AnnounceRequest, entryLength: 6 | 18): Uint8Array {
    const entry = this.#entry.slice(0, entryLength);
    entry[entryLength - 2] = request.port >> 8;
    entry[entryLength - 1] = request.port & 0xff;
    if (!this.#service.settings.trustClaimedAddress || request.claimedAddress === undefined) return entry;
    const claimed = new Uint8Array(18);
    const length = writeEntry(request.claimedAddress, request.port, claimed);
    return length === 0 ? entry : claimed.slice(0, length);
  }

  #give(answer: SwarmAnswer, request: AnnounceRequest, entry: Uint8Array, to: HttpReply): void {
    const writer = this.#writer.clear();
    const { minIntervalMs } = this.#service;
    writeAnnounceAnswer(writer, answer, request, {
      intervalMs: this.#service.drawIntervalMs(),
      minIntervalMs,
      entry,
    });
    to.reply(200, PLAIN, writer);
  }

  #scrape(bytes: Uint8Array, reader: HttpRequestReader, now: number, to: HttpReply): void {
    const { counts, rules, settings, store } = this.#service;
    counts.httpScrapeCount++;
    const asked = parseScrapeRequest(bytes, settings.maxScrapeHashes, reader.queryAt, reader.queryEnd);
    if (asked.length === 0) return this.#fullScrape(now, to);
    const served = asked.filter((infoHash) => rules.isServed(infoHash)).sort(compareBytes);
    const rows = store.scrape(served, now);
    const give = (counted: readonly SwarmCounts[]): void =>
      this.#rows(
        served.map((infoHash, i) => [infoHash, counted[i]!]),
        to,
      );
    if (!isPromise(rows)) return give(rows);
    rows.then(give, (error: unknown) => this.#refuse(error, to));
  }

  #fullScrape(now: number, to: HttpReply): void {
    const { settings, store, rules } = this.#service;
    const page = store.page?.bind(store);
    if (!settings.fullScrape || page === undefined)
      throw refusal("a scrape of everything is not offered: name each info_hash");
    const gather = async (): Promise<void> => {
      const all: (readonly [Uint8Array, SwarmCounts])[] = [];
      let cursor: string | undefined;
      do {
        const { rows, cursor: next } = await page(cursor, SCRAPE_PAGE_LENGTH, now);
        for (const row of rows) if (rules.isServed(row[0])) all.push(row);
        if (all.length > settings.maxFullScrapeSwarms)
          throw refusal("too many torrents for a scrape of everything");
        cursor = next;
      } while (cursor !== undefined);
      this.#rows(
        all.sort(([one], [other]) => compareBytes(one, other)),
        to,
      );
    };
    gather().catch((error: unknown) => this.#refuse(error, to));
  }

  #rows(rows: readonly (readonly [Uint8Array, SwarmCounts])[], to: HttpReply): void {
    const writer = this.#writer.clear().text(SCRAPE_BEGIN);
    for (const [infoHash, counts] of rows) writeScrapeRow(writer, infoHash, counts);
    to.reply(200, PLAIN, writer.text(SCRAPE_END));
  }

  #page(path: string, reader: HttpRequestReader, to: HttpReply): void {
    const notFound = (): void => this.#text(404, "no such page on this tracker\n", to);
    if (!reader.isGet && !reader.isHead) return this.#text(405, "only GET\n", to);
    const page = this.#service.settings.page?.(path);
    if (page === undefined) return notFound();
    Promise.resolve(page).then(
      (ready) => {
        if (ready === undefined) return notFound();
        const body = new TextEncoder().encode(ready.body);
        const writer = new AnswerWriter();
        writer.bytes = body;
        writer.length = body.length;
        to.reply(200, ready.contentType, writer);
      },
      () => this.#text(500, "the page could not be made\n", to),
    );
  }

  #text(status: number, body: string, to: HttpReply): void {
    to.reply(status, PLAIN, this.#writer.clear().text(body));
  }

  /** A refusal is an answer like others (BEP 3): status 200, the reason in its body. */
  #refuse(error: unknown, to: HttpReply): void {
    const writer = this.#writer.clear();
    writeFailure(writer, this.#service.refusalOf(error));
    to.reply(200, PLAIN, writer);
  }
}

/** The client that a proxy names: the last address of its list that is no proxy itself; `undefined` when there is none. */
export function forwardedHost(list: string, isTrusted: (host: string) => boolean): string | undefined {
  const scratch = new Uint8Array(18);
  for (const part of list.split(",").reverse()) {
    const host = part.trim().replace(/^\[(.*)\]$/, "$1");
    if (writeAddress(host, scratch) === 0) return undefined;
    if (!isTrusted(host)) return host;
  }
  return undefined;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  let path = "";
  for (let i = from; i < to; i++) path += String.fromCharCode(bytes[i]!);
  return path;
}
