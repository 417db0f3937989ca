import { type Magnet, parseMagnet } from "@bt/metainfo";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

/** What a magnet link says. */
export function readMagnet(uri: string): Magnet {
  try {
    return parseMagnet(uri);
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    throw new Failure(EXIT.badTorrent, String(cause.code), `not a valid magnet link: ${cause.message}`, {
      cause,
    });
  }
}
