// One seeder with hundreds of connected peers that say something now and then and want next to nothing.
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import { Child } from "../child.mjs";
import { BT_SCRIPT } from "../clients/bt.mjs";
import { makePayload } from "../payload.mjs";
import { chooseSeeders, lookAtIdle, seederNamed } from "./seeders.mjs";
import { MEBI } from "./scenario.mjs";

const HOST = "127.77.0.1";
const PORT = 21_501;
/** Each peer says something so often. */
const WORD_MS = 10_000;

const KEEP_ALIVE = Buffer.alloc(4);
const INTERESTED = Buffer.from([0, 0, 0, 1, 2]);
const NOT_INTERESTED = Buffer.from([0, 0, 0, 1, 3]);
const HAVE_NONE = Buffer.from([0, 0, 0, 1, 15]);
const have = (/** @type {number} */ piece) => Buffer.from([0, 0, 0, 5, 4, 0, 0, 0, piece]);

/** @type {import("./scenario.mjs").Scenario} */
export const idlePeers = {
  name: "idle-peers",
  summary: "one seeder with many connected peers that do next to nothing",
  columns: [
    ["% of a core", "idlePercent", 2],
    ["RSS MiB", "residentMebibytes", 0],
    ["peak MiB", "peakMebibytes", 0],
    ["CPU s to connect", "connectCpuSeconds", 2],
  ],
  defaults: { totalLength: 64 * MEBI, pieceLength: MEBI, peerCount: 500 },
  prepare: async ({ clients, totalLength, pieceLength, peerCount, seconds, timeoutMs }, base) => {
    const payload = makePayload(base, totalLength, pieceLength, "http://127.0.0.1:1/announce");
    const torrents = path.join(base, "torrents");
    mkdirSync(torrents);
    renameSync(payload.torrentPath, path.join(torrents, "payload.torrent"));
    const infoHash = JSON.parse(
      execFileSync(process.execPath, [BT_SCRIPT, "info", "--json", path.join(torrents, "payload.torrent")], {
        encoding: "utf8",
      }),
    ).infoHash;
    const pieceCount = Math.min(255, Math.ceil(totalLength / pieceLength));
    let runCount = 0;
    return {
      title: `${peerCount} connected peers, each with a word every ${WORD_MS / 1_000} s`,
      contenders: chooseSeeders(clients),
      run: async (name) => {
        const seeder = seederNamed(name);
        const job = {
          torrents,
          data: payload.directory,
          count: 1,
          host: HOST,
          port: PORT,
          connectionCount: peerCount + 100,
        };
        const [command = "", ...args] = seeder.command(job);
        const child = new Child(command, args, { cwd: base, log: path.join(base, `log-${runCount++}`) });
        /** @type {Peer[]} */
        const peers = [];
        try {
          while (!seeder.isReady(child.log, job)) {
            if (child.status !== undefined)
              throw new Error(`ended with ${child.status}: ${child.log.slice(-500)}`);
            if (performance.now() - child.startedAt > timeoutMs) throw new Error("timeout");
            await delay(50);
          }
          const cpuBefore = child.cpuSeconds();
          for (let i = 0; i < peerCount; i++) {
            peers.push(new Peer(i, infoHash));
            // No more newcomers at a time than a listening queue holds.
            if (i % 50 === 49) await Promise.all(peers.slice(-50).map((peer) => peer.joined));
          }
          await Promise.all(peers.map((peer) => peer.joined));
          const connectCpuSeconds = child.cpuSeconds() - cpuBefore;
          for (const peer of peers) peer.chat(pieceCount);
          const idle = await lookAtIdle(child.pid, seconds);
          const lost = peers.filter((peer) => peer.isClosed).length;
          if (lost > 0) throw new Error(`${lost} of ${peerCount} peers were dropped`);
          child.sample();
          return { ...idle, connectCpuSeconds, peakMebibytes: child.peakLength / MEBI };
        } finally {
          for (const peer of peers) peer.close();
          await child.stop();
        }
      },
    };
  },
};

class Peer {
  isClosed = false;
  #socket;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #wordCount;

  /** @param {number} index @param {string} infoHash */
  constructor(index, infoHash) {
    this.#wordCount = index;
    const localAddress = `127.77.${2 + Math.floor(index / 250)}.${1 + (index % 250)}`;
    this.#socket = net.connect({ host: HOST, port: PORT, localAddress, noDelay: true });
    const reserved = Buffer.from([0, 0, 0, 0, 0, 0, 0, 4]); // the fast extension
    const id = Buffer.concat([Buffer.from("-BN0001-"), randomBytes(12)]);
    this.#socket.write(
      Buffer.concat([
        Buffer.from("\u0013BitTorrent protocol", "latin1"),
        reserved,
        Buffer.from(infoHash, "hex"),
        id,
        HAVE_NONE,
      ]),
    );
    this.joined = new Promise((resolve, reject) => {
      this.#socket.once("data", () => resolve(undefined));
      this.#socket.once("close", () => reject(new Error(`peer ${index} was turned away`)));
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => (this.isClosed = true));
  }

  /** @param {number} pieceCount */
  chat(pieceCount) {
    const say = () => this.#socket.write(this.#nextWord(pieceCount));
    // Spread over the interval.
    this.#timer = setTimeout(() => (this.#timer = setInterval(say, WORD_MS)), Math.random() * WORD_MS);
  }

  /** @param {number} pieceCount */
  #nextWord(pieceCount) {
    const count = this.#wordCount++;
    switch (count % 4) {
      case 0:
        return have(count % (pieceCount - 1));
      case 1:
        return INTERESTED;
      case 2:
        return KEEP_ALIVE;
      default:
        return NOT_INTERESTED;
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }
}
