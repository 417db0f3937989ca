import { readdir, readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { createNodeSession } from "@bt/engine/node";
import { createTrackerServer } from "@bt/tracker/server";
import { describe, expect, it } from "vitest";
import { folder, payload, session, torrentBytes, useOneFile, whenOver } from "./one-file.ts";

const LENGTH = 3_000_000;
const PIECE_LENGTH = 65_536;

useOneFile(LENGTH, PIECE_LENGTH);

describe("a session on real sockets and files", () => {
  it("downloads from another one by way of a tracker, and leaves nothing but the file", async () => {
    const tracker = await createTrackerServer({ host: "127.0.0.1", port: 0 });
    whenOver(() => tracker.close());
    const bytes = torrentBytes([[tracker.announceUrl]]);
    const seeder = await session();
    const seed = seeder.add(bytes, { root: join(folder, "seed") });
    await seed.ready;
    expect(seed.state).toBe("seeding");
    const leecher = await session();
    const torrent = leecher.add(bytes, { root: join(folder, "leech") });
    const files: number[] = [];
    torrent.on("file", (index) => files.push(index));
    const peers: object[] = [];
    torrent.on("piece", () => peers.push(...torrent.snapshot().peers));
    await torrent.done;
    expect(files).toEqual([0]);
    expect(peers[0]).toMatchObject({ client: "bt 0.0.0", direction: "out" });
    await leecher.close();
    expect(await readdir(join(folder, "leech"))).toEqual(["payload.bin"]);
    expect((await readFile(join(folder, "leech", "payload.bin"))).equals(payload)).toBe(true);
  });

  it("goes on where it was stopped without reading the payload again", async () => {
    const bytes = torrentBytes();
    const seeder = await session({ maxUploadRate: 4_000_000 });
    await seeder.add(bytes, { root: join(folder, "seed") }).ready;
    const peers = [{ host: "127.0.0.1", port: seeder.port }];
    const first = await session();
    const begun = first.add(bytes, { root: join(folder, "leech"), peers });
    await new Promise<void>((resolve) =>
      begun.on("piece", () => begun.snapshot().haveCount >= 10 && resolve()),
    );
    await first.close();
    const had = begun.snapshot().haveCount;
    const second = await session();
    const resumed = second.add(bytes, { root: join(folder, "leech"), peers });
    const checked = new Promise<number>((resolve) => resumed.on("checked", resolve));
    expect(await checked).toBe(had);
    await resumed.done;
    expect(resumed.snapshot().receivedLength).toBeLessThan(LENGTH - (had - 1) * PIECE_LENGTH);
    await second.close();
    expect((await readFile(join(folder, "leech", "payload.bin"))).equals(payload)).toBe(true);
  });

  it("says clearly when its port is taken", async () => {
    const taken = await session();
    await expect(createNodeSession({ host: "127.0.0.1", port: taken.port })).rejects.toMatchObject({
      code: "ENGINE_LISTEN_FAILED",
    });
  });

  it("refuses a torrent twice, and torrents after it was closed", async () => {
    const one = await session();
    one.add(torrentBytes(), { root: join(folder, "a") });
    expect(() => one.add(torrentBytes(), { root: join(folder, "b") })).toThrowError(
      expect.objectContaining({ code: "ENGINE_DUPLICATE_TORRENT" }),
    );
    await one.close();
    expect(() => one.add(torrentBytes(), { root: join(folder, "c") })).toThrowError(
      expect.objectContaining({ code: "ENGINE_CLOSED" }),
    );
  });

  it("stops with the disk's error when the download folder cannot be made", async () => {
    await writeFile(join(folder, "blocked"), "a file");
    const one = await session();
    const torrent = one.add(torrentBytes(), { root: join(folder, "blocked", "inside") });
    await expect(torrent.done).rejects.toHaveProperty("code");
    expect(torrent.state).toBe("error");
  });

  it("survives strangers: silence, noise, and connections that are cut", async () => {
    const bytes = torrentBytes();
    const seeder = await session();
    await seeder.add(bytes, { root: join(folder, "seed") }).ready;
    for (const hello of ["GET / HTTP/1.1\r\n\r\n", "\x13BitTorrent protocol", "", "\x00\x00\x00\x00"]) {
      const socket = net.connect(seeder.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(hello);
      whenOver(() => void socket.destroy());
    }
    const leecher = await session();
    const torrent = leecher.add(bytes, {
      root: join(folder, "leech"),
      peers: [{ host: "127.0.0.1", port: seeder.port }],
    });
    await torrent.done;
    expect(torrent.state).toBe("seeding");
  });
});
