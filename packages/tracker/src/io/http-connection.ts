import type { Socket } from "node:net";
import type { AnswerWriter } from "../server/answer-writer.ts";
import { type HttpAnswers, type HttpReply, forwardedHost } from "../server/http-answers.ts";
import type { HttpRequestReader } from "../server/http-request.ts";
import type { ServerClock } from "../server/server-clock.ts";

/** What the connections of a server share. */
export interface HttpShared {
  readonly clock: ServerClock;
  readonly answers: HttpAnswers;
  readonly reader: HttpRequestReader;
  readonly isTrusted: (host: string) => boolean;
  /** Whether one more connection may be kept open for a next request. */
  readonly mayKeep: () => boolean;
  /** It asks once more. */
  readonly onNextRequest: (connection: HttpConnection) => void;
  /** Its socket is gone. */
  readonly onClosed: (connection: HttpConnection) => void;
}

/** A client that is slower than this with a request, or with reading an answer, is cut off. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** aria2 uses a connection again for 15 s, without a second try if it was closed meanwhile: its farewell would be lost. */
const IDLE_TIMEOUT_MS = 20_000;
/** How long a connection that we end may take to be ended by the other side. */
const LINGER_MS = 2_000;
/** An answer that goes out in one segment on every link: IPv6's least MTU less the heads of IPv6 and TCP. */
const ONE_SEGMENT_LENGTH = 1_220;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  505: "HTTP Version Not Supported",
};

/**
 * One client's connection: requests one after the other, also when they are sent all at once; the next one is not read
 * before the answer to the one before has gone out. What it holds is bounded by one head and one answer.
 */
export class HttpConnection implements HttpReply {
  readonly host: string;
  /** Monotonic ms at which it is cut off. */
  deadlineAt: number;
  /** Whether it was found late once. */
  isLate = false;
  readonly #socket: Socket;
  readonly #shared: HttpShared;
  readonly #isProxy: boolean;
  /** What has come and not been read: part of a head, or requests behind one that is being answered. */
  #rest: Buffer | undefined;
  #isAnswering = false;
  #isReading = false;
  #isOver = false;
  #hasEnded = false;
  #keepAlive = false;
  #isHead = false;
  /** Whether Nagle's algorithm may still hold back the end of an answer. */
  #mayDelay = true;
  #requestCount = 0;

  constructor(socket: Socket, host: string, shared: HttpShared) {
    this.#socket = socket;
    this.host = host;
    this.#shared = shared;
    this.#isProxy = shared.isTrusted(host);
    this.deadlineAt = this.#shared.clock.now() + REQUEST_TIMEOUT_MS;
    const served = socket as ServedSocket;
    served[CONNECTION] = this;
    served.on("data", onData);
    served.on("end", onEnd);
    // A connection that breaks concerns nobody else; `close` follows.
    served.on("error", ignore);
    served.on("close", onClose);
  }

  /** Bytes came. */
  onData(chunk: Buffer): void {
    if (this.#isOver) return;
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    this.#read(bytes);
  }

  /** The client will send no more. */
  onEnd(): void {
    this.#hasEnded = true;
    if (!this.#isAnswering) this.#finish();
  }

  onClosed(): void {
    this.#shared.onClosed(this);
  }

  /** Ends it now. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  reply(status: number, contentType: string, body: AnswerWriter): void {
    if (this.#isOver) return;
    if (status >= 400 && status !== 404) this.#keepAlive = false;
    const head =
      `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? ""}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${body.length}\r\n${this.#keepAlive ? "" : "Connection: close\r\n"}\r\n`;
    const bodyLength = this.#isHead ? 0 : body.length;
    const answer = Buffer.allocUnsafe(head.length + bodyLength);
    answer.write(head, 0, "latin1");
    answer.set(
      bodyLength === body.bytes.length ? body.bytes : body.bytes.subarray(0, bodyLength),
      head.length,
    );
    if (this.#mayDelay && this.#keepAlive) this.#sendAtOnce(answer.length);
    const isFree = this.#socket.write(answer);
    this.#isAnswering = false;
    if (!this.#keepAlive) return this.#finish();
    this.deadlineAt = this.#shared.clock.now() + IDLE_TIMEOUT_MS;
    if (!isFree) {
      this.#isAnswering = true;
      this.#socket.pause();
      this.#socket.once("drain", () => {
        this.#isAnswering = false;
        this.#goOn();
      });
    } else if (!this.#isReading) this.#goOn();
  }

  /**
   * Nagle's algorithm would let the end of a long answer, and an answer to a pipelined request, wait for the client's ACK. Who
   * asks once and leaves, as nearly all do, is not worth the system call (5 % of such a connection's cost).
   */
  #sendAtOnce(answerLength: number): void {
    if (this.#requestCount < 2 && answerLength <= ONE_SEGMENT_LENGTH) return;
    this.#mayDelay = false;
    this.#socket.setNoDelay(true);
  }

  #read(bytes: Buffer): void {
    const { reader, answers } = this.#shared;
    let at = 0;
    this.#isReading = true;
    while (at < bytes.length && !this.#isAnswering && !this.#isOver) {
      const verdict = reader.read(bytes, at, bytes.length);
      if (verdict === "more") break;
      this.#isAnswering = true;
      if (verdict !== "whole") {
        this.#keepAlive = false;
        this.#isHead = false;
        answers.refuseRequest(verdict, this);
        break;
      }
      at = reader.end;
      if (++this.#requestCount > 1) this.#shared.onNextRequest(this);
      this.#keepAlive = reader.keepAlive && this.#shared.mayKeep();
      this.#isHead = reader.isHead;
      const now = this.#shared.clock.now();
      this.deadlineAt = now + REQUEST_TIMEOUT_MS;
      if (!this.#keepAlive && at < bytes.length) this.#rest = EMPTY; // so that #finish does not reset the connection
      answers.answer(bytes, reader, this.#isProxy ? this.#clientOf(bytes) : this.host, now, this);
    }
    this.#isReading = false;
    if (this.#isOver) return;
    if (at < bytes.length) this.#rest = at === 0 ? bytes : Buffer.from(bytes.subarray(at));
    if (this.#isAnswering) this.#socket.pause();
  }

  /** An answer has gone out: on to what waits behind its request. */
  #goOn(): void {
    if (this.#hasEnded && this.#rest === undefined) return this.#finish();
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#read(rest);
    if (!this.#isAnswering && !this.#isOver) {
      if (this.#hasEnded) this.#finish();
      else this.#socket.resume();
    }
  }

  #clientOf(bytes: Buffer): string {
    const { forwardedAt, forwardedEnd } = this.#shared.reader;
    const list = bytes.toString("latin1", forwardedAt, forwardedEnd);
    return forwardedHost(list, this.#shared.isTrusted) ?? "";
  }

  /**
   * Ends it when all is written. Closing at once what has nothing left to send saves a third of a connection's cost
   * (measured, docs/performance.md); with unread bytes it would reset the connection and could lose the answer.
   */
  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#socket.writableLength === 0 && this.#rest === undefined) {
      this.#socket.destroy();
      return;
    }
    this.deadlineAt = this.#shared.clock.now() + LINGER_MS;
    this.#rest = undefined;
    this.#socket.end();
    this.#socket.resume();
  }
}

const EMPTY = Buffer.alloc(0);

/** The connection stands on its socket: listeners of their own for each connection cost more than all that is done in them. */
const CONNECTION = Symbol("connection");

interface ServedSocket extends Socket {
  [CONNECTION]?: HttpConnection;
}

function onData(this: ServedSocket, chunk: Buffer): void {
  this[CONNECTION]!.onData(chunk);
}

function onEnd(this: ServedSocket): void {
  this[CONNECTION]!.onEnd();
}

function onClose(this: ServedSocket): void {
  this[CONNECTION]!.onClosed();
}

function ignore(): void {}
