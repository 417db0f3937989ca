import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TrackerPort } from "@bt/engine";
import { encodeCompactEndpoints, type Endpoint } from "@bt/primitives";
import {
  decodeUdpRequest,
  encodeUdpAnnounceResponse,
  encodeUdpConnectResponse,
  TrackerError,
  type AnnounceParameters,
} from "@bt/tracker";
import { describe, expect, it } from "vitest";
import { folder, payload, session, torrentBytes, useOneFile, whenOver } from "./one-file.ts";

const LENGTH = 300_000;
const PIECE_LENGTH = 16_384;
const A = "http://a.example/announce";
const B = "http://b.example/announce";

useOneFile(LENGTH, PIECE_LENGTH);

/** A UDP tracker in a few lines: everybody who announced, to everybody. */
async function udpTracker(): Promise<{ url: string; events: string[]; keys: Set<number> }> {
  const peers = new Map<number, Endpoint>();
  const events: string[] = [];
  const keys = new Set<number>();
  const socket = createSocket("udp4");
  socket.on("message", (packet, { port, address }) => {
    const request = decodeUdpRequest(packet);
    if (request?.action === "connect") {
      socket.send(encodeUdpConnectResponse(request.transactionId, new Uint8Array(8)), port, address);
    } else if (request?.action === "announce") {
      events.push(`${request.event} ${request.left}`);
      keys.add(request.key);
      peers.set(request.port, { host: address, port: request.port });
      const compactPeers = encodeCompactEndpoints([...peers.values()], 4);
      const answer = { intervalSeconds: 1_800, leecherCount: 0, seederCount: 0, compactPeers };
      socket.send(encodeUdpAnnounceResponse(request.transactionId, answer), port, address);
    }
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  whenOver(() => void socket.close());
  return { url: `udp://127.0.0.1:${socket.address().port}`, events, keys };
}

describe("a session", () => {
  it("finds its peers by way of a UDP tracker, and takes leave of it", async () => {
    const tracker = await udpTracker();
    const bytes = torrentBytes([[tracker.url]]);
    const seeder = await session();
    await seeder.add(bytes, { root: join(folder, "seed") }).ready;
    await expect.poll(() => tracker.events).toHaveLength(1);
    const leecher = await session();
    const torrent = leecher.add(bytes, { root: join(folder, "leech") });
    await torrent.done;
    expect(torrent.snapshot().trackers).toMatchObject([
      { url: tracker.url, state: expect.stringMatching(/working|announcing/) as string, peerCount: 2 },
    ]);
    await leecher.close();
    expect(tracker.events).toEqual(["started 0", `started ${LENGTH}`, "completed 0", "stopped 0"]);
    expect(tracker.keys.size).toBe(2);
    expect((await readFile(join(folder, "leech", "payload.bin"))).equals(payload)).toBe(true);
  });

  it("takes the peers that a tracker names over a second address family", async () => {
    const seeder = await session();
    const bytes = torrentBytes([[A]]);
    await seeder.add(bytes, { root: join(folder, "seed"), useTrackers: false }).ready;
    const tracker: TrackerPort = {
      announce(_url, _parameters, _signal, onFurtherAnswer) {
        const peers = [{ host: "127.0.0.1", port: seeder.port }];
        setImmediate(() => onFurtherAnswer({ intervalMs: 60_000, peers }));
        return Promise.resolve({ intervalMs: 60_000, peers: [] });
      },
      close: () => undefined,
    };
    const leecher = await session({ ports: { tracker } });
    await leecher.add(bytes, { root: join(folder, "leech") }).done;
  });

  it("ends what is still under way over a second family before it says stopped", async () => {
    const log: string[] = [];
    const tracker: TrackerPort = {
      announce(url, { event }: AnnounceParameters, signal) {
        signal.addEventListener("abort", () => log.push(`abort ${event}`));
        log.push(`${event} ${url}`);
        return Promise.resolve({ intervalMs: 60_000, peers: [] });
      },
      close: () => undefined,
    };
    const one = await session({ ports: { tracker } });
    one.add(torrentBytes([[A]]), { root: join(folder, "leech") });
    await expect.poll(() => log).toHaveLength(1);
    await one.close();
    expect(log).toEqual([`started ${A}`, "abort started", `stopped ${A}`]);
  });
});

describe("a private torrent", () => {
  it("leaves the peers of a tracker that failed when another answers (BEP 27)", async () => {
    const seeder = await session();
    const bytes = torrentBytes([[A], [B]], true);
    await seeder.add(bytes, { root: join(folder, "seed"), useTrackers: false }).ready;
    let isUp = true;
    const asked: string[] = [];
    const tracker: TrackerPort = {
      announce(url, { event }) {
        if (event !== "stopped") asked.push(url);
        if (url === A && !isUp) return Promise.reject(new TrackerError("TRACKER_UNREACHABLE", "down"));
        const peers = url === A ? [{ host: "127.0.0.1", port: seeder.port }] : [];
        return Promise.resolve({ intervalMs: 1, peers });
      },
      close: () => undefined,
    };
    const leecher = await session({
      ports: { tracker },
      maxDownloadRate: 1_000,
      limits: { announcer: { minimumIntervalMs: 20, jitter: 0 } },
    });
    const torrent = leecher.add(bytes, { root: join(folder, "leech") });
    // The seeder may come to us again by itself: that is for its own tracker to judge.
    const dialled = (): unknown[] => torrent.snapshot().peers.filter(({ direction }) => direction === "out");
    await expect.poll(dialled).toHaveLength(1);
    isUp = false;
    await expect.poll(dialled).toHaveLength(0);
    await expect.poll(() => asked.filter((url) => url === B).length).toBeGreaterThan(10);
    expect(asked.at(-1)).toBe(B);
    expect(torrent.snapshot().state).toBe("downloading");
    expect(dialled()).toEqual([]);
  });
});

it("explains that there are no peers because the trackers fail", async () => {
  const one = await session();
  const torrent = one.add(torrentBytes([["http://127.0.0.1:1/announce"]]), { root: join(folder, "leech") });
  await expect
    .poll(() => torrent.explain())
    .toEqual({ reason: "no-peers-known", trackerCount: 1, failingTrackerCount: 1 });
});
