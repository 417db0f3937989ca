import { describe, expect, it } from "vitest";
import { startBt, type BtProcess } from "./harness/bt-process.ts";
import { freeEndpoint } from "./harness/endpoint.ts";
import { freePort } from "./harness/free-port.ts";
import { makeTorrent } from "./harness/make-torrent.ts";
import { digestTree, makeSingleFile } from "./harness/payload.ts";
import { openScope } from "./harness/scope.ts";
import { HOST, KIBI, MEBI, REFERENCE } from "./harness/settings.ts";
import { startSlowSeeder } from "./harness/slow-seeder.ts";
import { waitUntil } from "./harness/wait-until.ts";
import { btTracker } from "./trackers/bt-tracker.ts";

const LEECHER_COUNT = 20;
const MAX_COPIES = 3;
/** So slow that a machine with two cores, on which other tests run too, has time for what twenty leechers give one another. */
const SEEDER_RATE = "2M";

describe.skipIf(REFERENCE)("a swarm of bt", () => {
  it(
    `of ${String(LEECHER_COUNT)} leechers takes fewer than ${String(MAX_COPIES)} copies from a slow seeder`,
    { timeout: 240_000 },
    async () => {
      const scope = openScope();
      const payload = await makeSingleFile(await scope.folder("payload"), 16 * MEBI + 99, 64 * KIBI);
      const port = await freePort();
      const torrent = await makeTorrent(scope, payload, `http://${HOST}:${String(port)}/announce`);
      const tracker = await btTracker.start({ scope, port, infoHash: torrent.infoHash });
      const seeder = await startSlowSeeder(scope, torrent.path, payload.directory, SEEDER_RATE, []);
      await waitUntil(
        "the tracker knows the seeder",
        15_000,
        async () => (await tracker.scrape()).seederCount === 1,
      );

      const leechers: { out: string; process: BtProcess }[] = [];
      for (let index = 0; index < LEECHER_COUNT; index++) {
        const { host, port: own } = await freeEndpoint();
        const out = await scope.folder("download");
        const options = ["--out", out, "--bind", host, "--port", String(own), "--json"];
        leechers.push({ out, process: await startBt(scope, ["download", torrent.path, ...options]) });
      }
      const unfinished = (): typeof leechers =>
        leechers.filter(({ process }) => process.child.status === undefined);
      const explain = (): string =>
        unfinished()
          .slice(0, 3)
          .map(({ process }) => process.child.tail)
          .join("\n");
      await waitUntil("every leecher ends", 200_000, () => unfinished().length === 0, explain);
      for (const { out, process } of leechers) {
        expect(process.child.status, process.child.tail).toEqual({ code: 0, signal: null });
        expect(await digestTree(out)).toEqual(payload.digests);
      }

      // The seeder reports once a second; the last report has to be younger than the last leecher.
      const uploaded = (): number => Number(seeder.process.events("progress").at(-1)?.["uploaded"] ?? 0);
      const reportCount = seeder.process.events("progress").length;
      await waitUntil(
        "the seeder reports",
        10_000,
        () => seeder.process.events("progress").length > reportCount + 1,
      );
      const copies = uploaded() / payload.totalLength;
      console.log(
        `swarm: the seeder uploaded ${copies.toFixed(2)} copies for ${String(LEECHER_COUNT)} leechers`,
      );
      expect(copies).toBeGreaterThan(0.99);
      expect(copies).toBeLessThan(MAX_COPIES);
    },
  );
});
