import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, it } from "vitest";
import { makeTorrent } from "./harness/make-torrent.ts";
import { digestTree, type Payload } from "./harness/payload.ts";
import { openScope, type Scope } from "./harness/scope.ts";
import { BT_SCRIPT, REFERENCE } from "./harness/settings.ts";
import { startSlowSeeder } from "./harness/slow-seeder.ts";

const IS_LINUX_ROOT = process.platform === "linux" && process.getuid?.() === 0;
const NOBODY = 65_534;

interface Download {
  /** Runs `bt download` into `out`, behind `prefix` if given; resolves with what it said at its end. */
  run(
    prefix?: readonly string[],
  ): Promise<{ code: number | null; error: Record<string, unknown> | undefined; said: string }>;
  readonly out: string;
  readonly payload: Payload;
}

async function setUp(scope: Scope, payload: Payload): Promise<Download> {
  const torrent = await makeTorrent(scope, payload);
  const seeder = await startSlowSeeder(scope, torrent.path, payload.directory, "100M");
  const out = path.join(await scope.folder("disk"), "mount");
  mkdirSync(out);
  return {
    out,
    payload,
    async run(prefix = []) {
      const [command, ...args] = [
        ...prefix,
        process.execPath,
        ...[BT_SCRIPT, "download", torrent.path, "--out", out, "--json", "--no-trackers", "--timeout", "20s"],
        ...["--peer", `${seeder.host}:${String(seeder.port)}`],
      ];
      const cwd = await scope.folder("bt");
      chmodSync(cwd, 0o777);
      const child = scope.start(command!, args, cwd);
      const { code } = await child.exited;
      const line = child.stdout.split("\n").find((text) => text.includes('"event":"error"'));
      const error = line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
      return { code, error, said: child.tail };
    },
  };
}

describe.skipIf(REFERENCE || !IS_LINUX_ROOT)("bt download on a disk that fails", () => {
  it("ends with 6 when the disk is full, and the same command goes on when there is room", async () => {
    const scope = openScope();
    const { run, out, payload } = await setUp(scope, inject("payloads").single);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "none", out]);
    scope.defer(() => void execFileSync("umount", ["-l", out]));
    const full = await run();
    expect(full.code, full.said).toBe(6);
    expect(full.error).toMatchObject({ code: "DISK_FULL" });
    expect(full.error?.["message"]).toMatch(/free some space and run the same command again/);
    execFileSync("mount", ["-o", "remount,size=64m", out]);
    const done = await run();
    expect(done.code, done.said).toBe(0);
    const received = Number(/"receivedLength":(\d+)/.exec(done.said)![1]);
    // Of the 12 MiB at most one run of 4 MiB was refused as a whole; what was written before it is not fetched again.
    expect(received).toBeLessThan(payload.totalLength - 4 * 1024 * 1024);
    expect(await digestTree(out)).toEqual(payload.digests);
  });

  it("ends with 7 when the disk is read-only, and goes on when it is not", async () => {
    const scope = openScope();
    const { run, out, payload } = await setUp(scope, inject("payloads").single);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "none", out]);
    scope.defer(() => void execFileSync("umount", ["-l", out]));
    execFileSync("mount", ["-o", "remount,ro", out]);
    const refused = await run();
    expect(refused.code, refused.said).toBe(7);
    expect(refused.error).toMatchObject({ code: "READ_ONLY" });
    execFileSync("mount", ["-o", "remount,rw", out]);
    const done = await run();
    expect(done.code, done.said).toBe(0);
    expect(await digestTree(out)).toEqual(payload.digests);
  });

  it("ends with 7 when it may not write there, and goes on when it may", async () => {
    const scope = openScope();
    const { run, out, payload } = await setUp(scope, inject("payloads").multi);
    const asNobody = ["setpriv", `--reuid=${String(NOBODY)}`, `--regid=${String(NOBODY)}`, "--clear-groups"];
    const refused = await run(asNobody);
    expect(refused.code, refused.said).toBe(7);
    expect(refused.error).toMatchObject({ code: "PERMISSION" });
    expect(readdirSync(out)).toEqual([]);
    chownSync(out, NOBODY, NOBODY);
    const done = await run(asNobody);
    expect(done.code, done.said).toBe(0);
    expect(await digestTree(out)).toEqual(payload.digests);
  });

  it("ends with 7 when it may open too few files, says what to do, and goes on when it may", async () => {
    const scope = openScope();
    const { run, out, payload } = await setUp(scope, inject("payloads").multi);
    const refused = await run(["sh", "-c", 'ulimit -n 24; exec "$0" "$@"']);
    expect(refused.code, refused.said).toBe(7);
    expect(refused.error).toMatchObject({ code: "TOO_MANY_OPEN_FILES" });
    expect(refused.error?.["message"]).toMatch(/raise the limit, for example with ulimit -n 1024/);
    const done = await run();
    expect(done.code, done.said).toBe(0);
    expect(await digestTree(out)).toEqual(payload.digests);
  });

  it("manages 300 files with few descriptors", async () => {
    const scope = openScope();
    const { run, out, payload } = await setUp(scope, inject("payloads").multi);
    const done = await run(["sh", "-c", 'ulimit -n 40; exec "$0" "$@"']);
    expect(done.code, done.said).toBe(0);
    expect(await digestTree(out)).toEqual(payload.digests);
  });
});
