/** Typed facts that belong to an error: numbers, names and places, never prose. */
export type ErrorData = Readonly<Record<string, unknown>>;

/**
 * The base of every error that bt throws on purpose, apart from the caller's own mistakes, which are
 * `TypeError` and `RangeError`. Tell errors apart by `code`, never by their message.
 */
export class BtError<Code extends string = string> extends Error {
  override readonly name: string = "BtError";
  /** Stable across versions, e.g. `WIRE_MESSAGE_TOO_LONG`. */
  readonly code: Code;
  readonly data: ErrorData;

  constructor(code: Code, message: string, data: ErrorData = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** The other side broke the protocol: it is disconnected and scored; it never ends a torrent. */
export class RemoteProtocolError<Code extends string = string> extends BtError<Code> {
  override readonly name: string = "RemoteProtocolError";
}

/** The world failed: a disk, a socket, a name server. `cause` holds the system's error where there is one. */
export class IoError<Code extends string = string> extends BtError<Code> {
  override readonly name: string = "IoError";
}
