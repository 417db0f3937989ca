import { TrackerError } from "../errors.ts";

/** A refusal that is answered to the client; with `retryInMs` it is asked to come again then (BEP 31; Infinity: never). */
export function refusal(failureReason: string, retryInMs?: number): TrackerError {
  return new TrackerError("TRACKER_FAILURE", failureReason, {
    failureReason,
    ...(retryInMs === undefined ? {} : { retryInMs }),
  });
}
