import { BtError } from "@bt/primitives";

export type EngineErrorCode =
  /** The torrent is in the session already. */
  | "ENGINE_DUPLICATE_TORRENT"
  /** The session or torrent was closed before this could end. */
  | "ENGINE_CLOSED"
  /** The session could not listen on its port. */
  | "ENGINE_LISTEN_FAILED"
  /** The torrent has no v1 hashes, which this version needs. */
  | "ENGINE_UNSUPPORTED_TORRENT"
  /** No tracker answered. */
  | "ENGINE_TRACKER_FAILED"
  /** A fault that is not one of ours, e.g. thrown by a replaced port. */
  | "ENGINE_PORT_FAILED";

export class EngineError extends BtError<EngineErrorCode> {
  override readonly name: string = "EngineError";
}

/** Any thrown thing as a `BtError`, so that listeners can always read `code`. */
export function asBtError(error: unknown): BtError {
  if (error instanceof BtError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError("ENGINE_PORT_FAILED", message, {}, { cause: error });
}
