/** The end of a request's head that is not there yet, or an HTTP status that refuses it. */
export type HeadVerdict = "whole" | "more" | 400 | 413 | 417 | 431 | 505;

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

/**
 * Reads the heads of HTTP/1.1 requests (RFC 9112), as far as a tracker needs them: no bodies, no continuation lines, CRLF
 * and nothing else at the end of a line. One object reads all requests of a server; nothing of a request is copied. It is
 * strict where two readers could see two different requests in the same bytes.
 */
export class HttpRequestReader {
  isGet = false;
  isHead = false;
  /** Offsets of the target's path and of its query; the same number when there is no query. */
  pathAt = 0;
  pathEnd = 0;
  queryAt = 0;
  queryEnd = 0;
  keepAlive = false;
  /** Offset behind the head. */
  end = 0;
  /** Offsets of the value of `forwardedHeader`, all its lines together being refused; 0 when it is not there. */
  forwardedAt = 0;
  forwardedEnd = 0;
  readonly #maxLength: number;
  readonly #forwardedHeader: string | undefined;

  /** `forwardedHeader`, in lower case, is the header in which a proxy names the client. */
  constructor(maxLength: number, forwardedHeader?: string) {
    this.#maxLength = maxLength;
    this.#forwardedHeader = forwardedHeader;
  }

  /** Reads the head that begins at `from`; `to` is the end of what has come. */
  read(bytes: Uint8Array, from: number, to: number): HeadVerdict {
    const limit = Math.min(to, from + this.#maxLength);
    let lineEnd = endOfLine(bytes, from, limit);
    if (lineEnd < 0) return lineEnd === BAD_LINE ? 400 : this.#isTooLong(from, to);
    const verdict = this.#readRequestLine(bytes, from, lineEnd);
    if (verdict !== "whole") return verdict;
    this.forwardedAt = 0;
    this.forwardedEnd = 0;
    for (;;) {
      const lineAt = lineEnd + 2;
      lineEnd = endOfLine(bytes, lineAt, limit);
      if (lineEnd < 0) return lineEnd === BAD_LINE ? 400 : this.#isTooLong(from, to);
      if (lineEnd === lineAt) break;
      const problem = this.#readHeader(bytes, lineAt, lineEnd);
      if (problem !== 0) return problem;
    }
    this.end = lineEnd + 2;
    return "whole";
  }

  #isTooLong(from: number, to: number): HeadVerdict {
    return to - from >= this.#maxLength ? 431 : "more";
  }

  #readRequestLine(bytes: Uint8Array, from: number, to: number): HeadVerdict {
    let at = from;
    while (at < to && bytes[at] !== SPACE) at++;
    this.isGet = at - from === 3 && matches(bytes, from, "GET");
    this.isHead = at - from === 4 && matches(bytes, from, "HEAD");
    for (let i = from; i < at; i++) if (bytes[i]! < 0x41 || bytes[i]! > 0x5a) return 400;
    if (at === from || at - from > 16 || at === to) return 400;
    this.pathAt = ++at;
    this.pathEnd = 0;
    for (; at < to && bytes[at] !== SPACE; at++) {
      if (bytes[at]! <= SPACE || bytes[at] === 0x7f) return 400;
      if (bytes[at] === 0x3f && this.pathEnd === 0) this.pathEnd = at;
    }
    this.queryEnd = at;
    if (this.pathEnd === 0) {
      this.pathEnd = at;
      this.queryAt = at;
    } else this.queryAt = this.pathEnd + 1;
    if (bytes[this.pathAt] !== 0x2f) return 400; // "/"
    if (to - at !== 9 || !matches(bytes, at, " HTTP/")) return 400;
    if (bytes[at + 6] !== 0x31 || bytes[at + 7] !== 0x2e) return isDigit(bytes[at + 6]!) ? 505 : 400;
    const minor = bytes[at + 8]!;
    if (!isDigit(minor)) return 400;
    this.keepAlive = minor !== 0x30;
    return "whole";
  }

  /** 0 when the header is fine. */
  #readHeader(bytes: Uint8Array, from: number, to: number): 0 | 400 | 413 | 417 {
    let colon = from;
    while (colon < to && bytes[colon] !== COLON) {
      // Blanks before the colon and continuation lines are how requests are smuggled.
      if (bytes[colon]! <= SPACE || bytes[colon] === 0x7f) return 400;
      colon++;
    }
    if (colon === to || colon === from) return 400;
    let valueAt = colon + 1;
    let valueEnd = to;
    while (valueAt < valueEnd && isBlank(bytes[valueAt]!)) valueAt++;
    while (valueEnd > valueAt && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
    const forwarded = this.#forwardedHeader;
    if (forwarded !== undefined && isName(bytes, from, colon, forwarded)) {
      if (this.forwardedEnd !== 0) return 400;
      this.forwardedAt = valueAt;
      this.forwardedEnd = valueEnd;
    }
    switch (colon - from) {
      case 6:
        return isName(bytes, from, colon, "expect") ? 417 : 0;
      case 10:
        if (isName(bytes, from, colon, "connection")) this.#readConnection(bytes, valueAt, valueEnd);
        return 0;
      case 14:
        if (!isName(bytes, from, colon, "content-length")) return 0;
        return valueEnd - valueAt === 1 && bytes[valueAt] === 0x30 ? 0 : 413;
      case 17:
        return isName(bytes, from, colon, "transfer-encoding") ? 413 : 0;
      default:
        return 0;
    }
  }

  /** `close` and `keep-alive`, in a list or alone. */
  #readConnection(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to;) {
      let end = at;
      while (end < to && bytes[end] !== 0x2c) end++;
      let begin = at;
      let stop = end;
      while (begin < stop && isBlank(bytes[begin]!)) begin++;
      while (stop > begin && isBlank(bytes[stop - 1]!)) stop--;
      if (isName(bytes, begin, stop, "close")) {
        this.keepAlive = false;
        return;
      }
      if (isName(bytes, begin, stop, "keep-alive")) this.keepAlive = true;
      at = end + 1;
    }
  }
}

const BAD_LINE = -2;

/** Offset of the CR LF that ends the line, -1 when it is not there yet, `BAD_LINE` for a CR, LF or NUL that ends no line. */
function endOfLine(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte > CR) continue;
    if (byte === CR) return at + 1 >= to ? -1 : bytes[at + 1] === LF ? at : BAD_LINE;
    if (byte === LF || byte === 0) return BAD_LINE;
  }
  return -1;
}

function matches(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether the bytes are `name`, which is in lower case, in any case. */
function isName(bytes: Uint8Array, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[from + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 9;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
