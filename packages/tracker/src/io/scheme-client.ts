import type { AnnounceParameters } from "../announce-query.ts";
import type { AnnounceResponse } from "../announce-response.ts";
import type { ScrapeResponse } from "../scrape-response.ts";

/** A question that is ready to be asked, over one address family or (`undefined`) whichever works. */
export type Ask<Answer> = (family: 4 | 6 | undefined, cancel: AbortSignal) => Promise<Answer>;

/**
 * What speaks to the trackers of one kind of URL. What is wrong with a question is thrown before it is asked.
 * @throws TrackerError `TRACKER_BAD_URL` and the like. @throws RangeError
 */
export interface SchemeClient {
  announce(url: string, parameters: AnnounceParameters): Ask<AnnounceResponse>;
  scrape(url: string, infoHashes: readonly Uint8Array[]): Ask<ScrapeResponse>;
  close(): void;
}
