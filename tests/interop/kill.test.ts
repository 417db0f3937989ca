import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startBt } from "./harness/bt-process.ts";
import { makeTorrent } from "./harness/make-torrent.ts";
import { digestTree, makeSingleFile } from "./harness/payload.ts";
import { startRelay } from "./harness/relay.ts";
import { openScope } from "./harness/scope.ts";
import { KIBI, MEBI, REFERENCE } from "./harness/settings.ts";
import { startSlowSeeder } from "./harness/slow-seeder.ts";

const KILL_COUNT = 20;
const PIECE_LENGTH = 256 * KIBI;
const RATE = 2 * MEBI;
/** How long the storage may keep what it wrote out of its journal (`DEFAULT_WRITE_WINDOW` of @bt/storage). */
const WRITE_WINDOW_SECONDS = 1;
/**
 * What one kill may cost on average: one write window, and the pieces whose blocks are arriving, which wait for their
 * hash or their write, or which the kernel holds for a process that no longer reads.
 */
const LOSS_PER_KILL = WRITE_WINDOW_SECONDS * RATE + 4 * PIECE_LENGTH;

describe.skipIf(REFERENCE)("bt download", () => {
  it("goes on after kill -9 at any moment and downloads little twice", { timeout: 180_000 }, async () => {
    const scope = openScope();
    const payload = await makeSingleFile(await scope.folder("payload"), 40 * MEBI + 777, PIECE_LENGTH);
    const torrent = await makeTorrent(scope, payload);
    const seeder = await startSlowSeeder(scope, torrent.path, payload.directory, String(RATE));
    const relay = await startRelay(scope, seeder);
    const out = await scope.folder("download");
    const run = (): ReturnType<typeof startBt> =>
      startBt(scope, [
        ...["download", torrent.path, "--out", out, "--json", "--no-trackers"],
        ...["--peer", `${relay.endpoint.host}:${String(relay.endpoint.port)}`],
      ]);

    let kills = 0;
    const moments: number[] = [];
    for (; kills < KILL_COUNT; kills++) {
      const { child } = await run();
      const momentMs = 150 + Math.random() * 2_000;
      moments.push(Math.round(momentMs));
      await Promise.race([child.exited, delay(momentMs)]);
      if (child.status !== undefined) break;
      child.kill("SIGKILL");
      await child.exited;
    }
    const { child } = await run();
    await child.exited;
    const story = `killed after ${moments.join(", ")} ms\n${child.tail}`;
    expect(child.status, story).toEqual({ code: 0, signal: null });
    expect(await digestTree(out)).toEqual(payload.digests);
    expect(kills, "the download was over too soon to be a test").toBeGreaterThanOrEqual(KILL_COUNT / 2);
    // Headers of the protocol are well below 1 %.
    const twice = relay.deliveredLength - payload.totalLength * 1.01;
    expect(twice / kills, story).toBeLessThan(LOSS_PER_KILL);
    console.log(
      `kill -9: ${String(kills)} times, ${(twice / kills / KIBI).toFixed(0)} KiB downloaded twice per kill`,
    );
  });
});
