import type { TrackerClient, TrackerClientOptions } from "@bt/tracker";
import { usageFailure } from "../failure.ts";
import type { OptionValues } from "../options/option-spec.ts";
import { type ASK_OPTIONS, DEFAULT_ASK_TIMEOUT_MS } from "./swarm-source.ts";

/** A client that asks as the options say. */
export async function openAskClient(
  options: OptionValues<typeof ASK_OPTIONS>,
  more: TrackerClientOptions = {},
): Promise<TrackerClient> {
  const { createTrackerClient, parseProxyUrl } = await import("@bt/tracker");
  const { proxy, bind, timeout } = options;
  try {
    if (proxy !== undefined) parseProxyUrl(proxy);
  } catch (cause) {
    throw usageFailure((cause as Error).message);
  }
  return createTrackerClient({
    totalTimeoutMs: timeout ?? DEFAULT_ASK_TIMEOUT_MS,
    ...(bind !== undefined && { bindAddress: bind }),
    ...(proxy !== undefined && { proxy }),
    ...more,
  });
}
