import { gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from "node:zlib";
import { TrackerError } from "../errors.ts";

type Inflater = (
  input: InputType,
  options: ZlibOptions,
  done: (error: Error | null, result: Uint8Array) => void,
) => void;

/**
 * The body without its `Content-Encoding`; never more than `maxLength` bytes come out.
 * @throws TrackerError `TRACKER_BAD_ENCODING`, `TRACKER_RESPONSE_TOO_LARGE`.
 */
export async function inflateBody(
  body: Uint8Array,
  encoding: string,
  maxLength: number,
): Promise<Uint8Array> {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return body;
    case "gzip":
    case "x-gzip":
      return run(gunzip, body, maxLength);
    case "deflate":
      // RFC 9110 8.4.1.2 says zlib, some servers send the bare stream. A zlib head is 8 in its low four bits and a
      // multiple of 31 as a whole (RFC 1950 2.2).
      return run(isZlib(body) ? (inflate as Inflater) : inflateRaw, body, maxLength);
    default:
      throw new TrackerError("TRACKER_BAD_ENCODING", "the tracker's answer is compressed in an unknown way");
  }
}

function isZlib(body: Uint8Array): boolean {
  const [method = 0, flags = 0] = body;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

function run(inflater: Inflater, body: Uint8Array, maxLength: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflater(body, { maxOutputLength: maxLength }, (error, result) => {
      if (error === null) resolve(result);
      else if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
        reject(
          new TrackerError(
            "TRACKER_RESPONSE_TOO_LARGE",
            `the tracker's answer is larger than ${maxLength} bytes`,
          ),
        );
      } else {
        reject(
          new TrackerError("TRACKER_BAD_ENCODING", "the tracker's answer is compressed wrongly", {
            cause: error,
          }),
        );
      }
    });
  });
}
