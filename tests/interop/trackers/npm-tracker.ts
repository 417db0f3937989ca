import path from "node:path";
import { ROOT } from "../harness/settings.ts";
import type { Scope } from "../harness/scope.ts";
import { waitUntil } from "../harness/wait-until.ts";

const PROGRAM = path.join(ROOT, "tests/interop/trackers/bittorrent-tracker-server.mjs");

/** The server of npm's bittorrent-tracker: HTTP on `host`, UDP on 127.0.0.1 and ::1, all on `port`. */
export async function startNpmTracker(scope: Scope, host: string, port: number): Promise<void> {
  const home = await scope.folder("bittorrent-tracker");
  const child = scope.start(process.execPath, [PROGRAM, host, String(port)], home);
  await waitUntil(
    "bittorrent-tracker listens",
    20_000,
    () => {
      if (child.status !== undefined) throw new Error(`bittorrent-tracker ended\n${child.tail}`);
      return Promise.resolve(child.tail.includes("listening"));
    },
    () => child.tail,
  );
}
