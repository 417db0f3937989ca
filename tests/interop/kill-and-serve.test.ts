import { createHash, randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { loadMetainfo, loadNodeEngine, loadStorage, type Metainfo } from "./harness/built-packages.ts";
import type { Child } from "./harness/child.ts";
import { makeTorrent } from "./harness/make-torrent.ts";
import { digestTree, makeMultiFile, makeSingleFile } from "./harness/payload.ts";
import { cutPower } from "./harness/power-cut.ts";
import { openScope, type Scope } from "./harness/scope.ts";
import { BT_SCRIPT, HOST, KIBI, MEBI, REFERENCE } from "./harness/settings.ts";
import { startSlowSeeder } from "./harness/slow-seeder.ts";

/** `BT_KILLS=200` is the long run of docs/storage.md: half of them for each payload. Every second kill is a power cut. */
const KILL_COUNT = Math.ceil(Number(process.env["BT_KILLS"] ?? 12) / 2);
const PIECE_LENGTH = 256 * KIBI;
const LENGTH = 24 * MEBI + 777;
const RATE = 4 * MEBI;
const LONGEST_RUN_MS = 2_000;

describe.skipIf(REFERENCE)("bt download, killed again and again", () => {
  it.each(["one file", "300 files"])(
    "never serves or saves a byte that does not verify, and completes, also when every unsynced write and name is lost: %s",
    { timeout: 60_000 + KILL_COUNT * 20_000 },
    async (kind) => {
      const scope = openScope();
      const folder = await scope.folder("payload");
      const payload =
        kind === "one file"
          ? await makeSingleFile(folder, LENGTH, PIECE_LENGTH)
          : await makeMultiFile(folder);
      const torrent = await makeTorrent(scope, payload);
      const bytes = readFileSync(torrent.path);
      const metainfo = (await loadMetainfo()).parseTorrent(bytes);
      const seeder = await startSlowSeeder(scope, torrent.path, payload.directory, String(RATE));
      const reader = await startReader(scope, bytes);
      const out = await scope.folder("download");

      const story = {
        kills: 0,
        powerCuts: 0,
        lostWrites: 0,
        lostNames: 0,
        completions: 0,
        servedPieces: 0,
        savedPieces: 0,
      };
      // What was not synced before a kill is still not synced when the power goes later.
      const logPath = path.join(scope.directory, "writes");
      /** Starts `bt`; after `killAfterMs` it is killed. Resolves when it is gone. */
      const run = async (killAfterMs: number): Promise<void> => {
        const child = startLogged(scope, await scope.folder("bt"), logPath, [
          ...["download", torrent.path, "--out", out, "--json", "--no-trackers", "--bind", HOST],
          ...["--peer", `${seeder.host}:${String(seeder.port)}`],
        ]);
        const stopReading = reader.read(child);
        await Promise.race([child.exited, delay(killAfterMs, undefined, { ref: false })]);
        const wasRunning = child.status === undefined;
        child.kill("SIGKILL");
        const status = await child.exited;
        story.servedPieces += await stopReading();
        if (wasRunning && status.signal === "SIGKILL") {
          story.kills++;
          if (story.kills % 2 === 0) {
            story.powerCuts++;
            const lost = cutPower(out, logPath);
            story.lostWrites += lost.writes;
            story.lostNames += lost.names;
            await rm(logPath, { force: true });
          }
          story.savedPieces += await expectTrueJournal(out, metainfo);
          if (story.kills % 20 === 0) console.log(`so far: ${JSON.stringify(story)}`);
        } else {
          expect(status, child.tail).toEqual({ code: 0, signal: null });
          expect(await digestTree(out)).toEqual(payload.digests);
          story.completions++;
          await rm(path.join(out, payload.name), { recursive: true });
          await rm(logPath, { force: true });
        }
        expect(reader.badPieceCount, "bt served a piece that does not verify").toBe(0);
      };

      while (story.kills < KILL_COUNT) await run(randomInt(150, LONGEST_RUN_MS));
      const before = story.completions;
      await run(60_000);
      expect(story.completions).toBe(before + 1);
      expect(story.servedPieces, "nothing was served: no test").toBeGreaterThan(0);
      expect(story.savedPieces, "nothing was saved: no test").toBeGreaterThan(0);
      expect(story.lostWrites, "no write was lost: no test").toBeGreaterThan(0);
      console.log(`kill and serve, ${kind}: ${JSON.stringify(story)}`);
    },
  );
});

function startLogged(scope: Scope, cwd: string, logPath: string, args: readonly string[]): Child {
  const preload = pathToFileURL(path.join(import.meta.dirname, "harness/unsynced-writes.mjs")).href;
  return scope.start(process.execPath, ["--import", preload, BT_SCRIPT, ...args], cwd, {
    BT_TEST_WRITE_LOG: logPath,
  });
}

/** A leecher that takes what `bt` offers, from nothing each time, and counts pieces that do not match their hash. */
async function startReader(
  scope: Scope,
  torrent: Uint8Array,
): Promise<{ readonly badPieceCount: number; read(child: Child): () => Promise<number> }> {
  let badPieceCount = 0;
  const { createNodeSession } = await loadNodeEngine();
  const session = await createNodeSession({
    host: HOST,
    onFact: (_, fact) => {
      if (fact.type === "piece-verdict" && !fact.matches) badPieceCount++;
    },
  });
  scope.defer(() => session.close({ timeoutMs: 100 }));
  return {
    get badPieceCount() {
      return badPieceCount;
    },
    read(child) {
      const stop = new AbortController();
      const reading = (async (): Promise<number> => {
        let port: number | undefined;
        while (port === undefined && !stop.signal.aborted && child.status === undefined) {
          const match = /"event":"listening","port":(\d+)/.exec(child.stdout);
          if (match !== null) port = Number(match[1]);
          else await delay(20);
        }
        if (port === undefined) return 0;
        const root = await scope.folder("reader");
        const torrentOfRun = session.add(torrent, {
          root,
          useTrackers: false,
          peers: [{ host: HOST, port }],
        });
        if (!stop.signal.aborted)
          await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
        const { haveCount } = torrentOfRun.snapshot();
        await torrentOfRun.remove();
        await rm(root, { recursive: true });
        return haveCount;
      })();
      return () => {
        stop.abort();
        return reading;
      };
    },
  };
}

/** What the journal claims, compared byte for byte with the hashes; nothing in the folder is changed. */
async function expectTrueJournal(root: string, metainfo: Metainfo): Promise<number> {
  const { createStorage, NODE_DISK } = await loadStorage();
  const refuse = (done: (error: Error | null, fd: number) => void): void =>
    done(Object.assign(new Error("EROFS"), { code: "EROFS" }), -1);
  const storage = createStorage({
    metainfo,
    root,
    disk: {
      ...NODE_DISK,
      open: (place, flags, mode, done) =>
        (flags & 3) === 0 ? NODE_DISK.open(place, flags, mode, done) : refuse(done),
      unlink: (_place, done) => refuse(done),
    },
  });
  // Only the open window may be lost: nothing that was journalled has to be read again. (A download that is complete takes its
  // journal away just before it ends.)
  const isJournalled = readdirSync(root).some((name) => name.endsWith(".bt-resume"));
  let hashedCount = 0;
  const have = await storage.open({ onProgress: () => hashedCount++ });
  if (isJournalled) expect(hashedCount, "pieces hashed after a kill").toBe(0);
  const { pieces } = metainfo.layout;
  for (const piece of have.indices()) {
    const into = new Uint8Array(pieces.pieceLengthAt(piece));
    await storage.read([{ offset: pieces.offsetOf(piece), into }]);
    expect(createHash("sha1").update(into).digest("hex"), `piece ${String(piece)} of the journal`).toBe(
      Buffer.from(metainfo.pieceHash(piece)).toString("hex"),
    );
  }
  await storage.close();
  return have.count;
}
