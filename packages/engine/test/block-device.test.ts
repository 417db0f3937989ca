import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Session, Torrent } from "@bt/engine";
import { createFileDisk, createNodeSession } from "@bt/engine/node";
import { describe, expect, it } from "vitest";
import { folder, payload, session, torrentBytes, useOneFile, whenOver } from "./one-file.ts";

const MIB = 1024 * 1024;
const PIECE_LENGTH = 65_536;
const BUDGET_LENGTH = 8 * PIECE_LENGTH;

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: "utf8" });

function canMount(): boolean {
  return (
    process.platform === "linux" && process.getuid?.() === 0 && readdirSync("/dev").includes("loop-control")
  );
}

/**
 * A file system in the file `image`, on a block device of its own. Without extents, since ext4 with them (Linux 6.18) now and then
 * reports success to a sync of what the device refused, and does not bring there what is written over it later.
 */
async function mountImage(image: string, length: number): Promise<string> {
  await writeFile(image, "");
  await truncate(image, length);
  run("mkfs.ext4", "-q", "-O", "^has_journal,^extent,^64bit", "-E", "lazy_itable_init=0", image);
  const mountPoint = join(folder, "disk");
  await mkdir(mountPoint);
  run("mount", "-o", "loop", image, mountPoint);
  whenOver(() => run("umount", "-l", mountPoint));
  return mountPoint;
}

async function leech(root: string): Promise<{ torrent: Torrent; leecher: Session }> {
  const seeder = await session({ maxUploadRate: 12_000_000 });
  await seeder.add(torrentBytes(), { root: join(folder, "seed") }).ready;
  const disk = createFileDisk({ memoryBudgetLength: BUDGET_LENGTH });
  const leecher = await createNodeSession({ host: "127.0.0.1", ports: { disk } });
  // A disk that failed says so at the end again.
  whenOver(() => leecher.close({ timeoutMs: 500 }).catch(() => {}));
  const peers = [{ host: "127.0.0.1", port: seeder.port }];
  return { torrent: leecher.add(torrentBytes(), { root, peers }), leecher };
}

function failure(
  torrent: Torrent,
): Promise<{ code: string; message: string; data: Record<string, unknown> }> {
  return torrent.done.then(
    () => Promise.reject(new Error("the torrent completed")),
    (error: unknown) => error as { code: string; message: string; data: Record<string, unknown> },
  );
}

async function waitFor(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** From here on nothing of the file is in the system's memory. */
function forgetCache(mountPoint: string): void {
  // It tells of errors of the past as well.
  run("sh", "-c", `sync -f ${mountPoint} || true`);
  run("sh", "-c", "echo 1 > /proc/sys/vm/drop_caches");
}

describe.skipIf(!canMount())("on a block device", () => {
  useOneFile(12 * MIB, PIECE_LENGTH);

  it("that cannot be read any more, a seed stops with IO, and goes on when it can", async () => {
    const image = join(folder, "image");
    const root = await mountImage(image, 32 * MIB);
    await writeFile(join(root, "payload.bin"), payload);
    const seeder = await session();
    const seed = seeder.add(torrentBytes(), { root });
    await seed.ready;
    forgetCache(root);
    const { size } = await stat(image);
    const whole = await readFile(image);
    await truncate(image, 64 * 1024);
    const leecher = await session();
    const failed = new Promise<{ code: string; message: string }>((resolve) => seed.on("error", resolve));
    const seederAt = { host: "127.0.0.1", port: seeder.port };
    const leech = leecher.add(torrentBytes(), { root: join(folder, "leech"), peers: [seederAt] });
    expect(await failed).toMatchObject({ code: "IO", message: expect.stringMatching(/EIO; check the disk/) });
    expect(leech.snapshot().wastedLength, "nothing was made up").toBe(0);
    await writeFile(image, whole);
    await truncate(image, size);
    run("sh", "-c", "echo 3 > /proc/sys/vm/drop_caches");
    seed.resume();
    leech.addPeer(seederAt);
    await leech.done;
    expect((await readFile(join(folder, "leech", "payload.bin"))).equals(payload)).toBe(true);
  });

  it("that cannot be read, a check ends with IO and names the file", async () => {
    const image = join(folder, "image");
    const root = await mountImage(image, 32 * MIB);
    await writeFile(join(root, "payload.bin"), payload);
    forgetCache(root);
    // The folder is in the first group of blocks, the file in this one and the next.
    await truncate(image, 9 * MIB);
    const seeder = await session();
    const seed = seeder.add(torrentBytes(), { root });
    const error = await failure(seed);
    expect(error).toMatchObject({ code: "IO", data: { path: join(root, "payload.bin"), systemCode: "EIO" } });
    expect(seed.snapshot().haveCount).toBe(0);
  });

  it("that has less room than it promised, a download stops when a sync says so, and nothing of that window is had", async () => {
    // As a thin volume does: the file system takes what the device then cannot.
    const small = join(folder, "small");
    await mkdir(small);
    run("mount", "-t", "tmpfs", "-o", "size=6m", "none", small);
    whenOver(() => run("umount", "-l", small));
    const root = await mountImage(join(small, "image"), 32 * MIB);
    const { torrent, leecher } = await leech(root);
    const error = await failure(torrent);
    // Which of both it is is the system's choice.
    expect(["DISK_FULL", "IO"]).toContain(error.code);
    expect(error.message).toMatch(/Cannot save/);
    const hadBefore = torrent.snapshot().haveCount;
    await leecher.close().catch(() => {});
    run("mount", "-o", "remount,size=64m", small);
    // Mounted anew it has nothing but what is on the device.
    run("umount", root);
    run("mount", "-o", "loop", join(small, "image"), root);
    const again = await leech(root);
    const haveCount = await new Promise<number>((resolve) => again.torrent.on("checked", resolve));
    expect(haveCount).toBeGreaterThan(0);
    expect(haveCount).toBeLessThan(hadBefore);
    await again.torrent.done;
    run("sync", "-f", root);
    forgetCache(root);
    expect((await readFile(join(root, "payload.bin"))).equals(payload)).toBe(true);
  });

  it("that stands still, the download waits within its memory, and goes on when it moves", async () => {
    const root = await mountImage(join(folder, "image"), 32 * MIB);
    const { torrent } = await leech(root);
    await waitFor(() => torrent.snapshot().haveCount > 5);
    run("fsfreeze", "-f", root);
    let isFrozen = true;
    whenOver(() => isFrozen && run("fsfreeze", "-u", root));
    // It comes to a stop: no block is asked for that would have no room.
    let before = -1;
    let stillCount = 0;
    await waitFor(() => {
      const { receivedLength } = torrent.snapshot();
      stillCount = receivedLength === before ? stillCount + 1 : 0;
      before = receivedLength;
      return stillCount === 50;
    });
    const { receivedLength, haveCount, state } = torrent.snapshot();
    expect(state).toBe("downloading");
    expect(receivedLength - haveCount * PIECE_LENGTH).toBeLessThanOrEqual(BUDGET_LENGTH);
    expect(haveCount).toBeLessThan(payload.length / PIECE_LENGTH);
    run("fsfreeze", "-u", root);
    isFrozen = false;
    await torrent.done;
    expect(readFileSync(join(root, "payload.bin")).equals(payload)).toBe(true);
  });
});
