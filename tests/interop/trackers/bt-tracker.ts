import { startBt } from "../harness/bt-process.ts";
import { HOST } from "../harness/settings.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { answersHttp, scrapeHttp, type Tracker, type TrackerKind, type TrackerOptions } from "./tracker.ts";

/** `bt tracker` as a process of its own. */
export const btTracker: TrackerKind = {
  name: "bt tracker",
  needs: [],
  packages: [],
  async start({ scope, port, infoHash }: TrackerOptions): Promise<Tracker> {
    const { child } = await startBt(scope, ["tracker", "--http-port", String(port), "--bind", HOST]);
    await waitUntil(
      "bt tracker answers",
      10_000,
      () => {
        if (child.status !== undefined) throw new Error(`bt tracker ended\n${child.tail}`);
        return answersHttp(port);
      },
      () => child.tail,
    );
    return { scrape: () => scrapeHttp(port, infoHash) };
  },
};
