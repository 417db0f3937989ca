import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { HOST } from "../harness/settings.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { answersHttp, scrapeHttp, type Tracker, type TrackerKind, type TrackerOptions } from "./tracker.ts";

export const opentracker: TrackerKind = {
  name: "opentracker",
  needs: ["opentracker"],
  packages: ["opentracker"],
  start,
};

/**
 * Debian's build is the closed kind: it answers "not authorized" for every torrent that its whitelist lacks. As
 * root it enters the folder of `-d` for good and becomes `nobody`, so the whitelist has to be readable there.
 */
async function start({ scope, port, infoHash }: TrackerOptions): Promise<Tracker> {
  const home = await scope.folder("opentracker");
  await writeFile(path.join(home, "whitelist"), `${infoHash}\n`);
  await chmod(home, 0o755);
  const child = scope.start(
    "opentracker",
    ["-i", HOST, "-p", String(port), "-P", String(port), "-d", home, "-u", "nobody", "-w", "whitelist"],
    home,
  );
  await waitUntil(
    "opentracker answers",
    10_000,
    () => answersHttp(port),
    () => child.tail,
  );
  return { scrape: () => scrapeHttp(port, infoHash) };
}
