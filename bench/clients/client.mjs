// What the benchmark needs of a client. DHT, local discovery, PEX, uTP, encryption and port mapping are off.
import { accessSync, constants } from "node:fs";
import path from "node:path";

/**
 * @typedef {object} Job
 * @property {"seeder" | "leecher"} role
 * @property {string} torrentPath
 * @property {string} directory payload folder of a seeder, download folder of a leecher
 * @property {string} host loopback address of its own
 * @property {number} port
 * @property {string} home private folder
 */
/**
 * @typedef {object} Client
 * @property {string} name
 * @property {boolean} [waitsToBeDialled] it never dials a loopback address
 * @property {() => boolean} isInstalled
 * @property {(job: Job) => { command: string, args: string[], env?: Record<string, string> }} prepare
 * @property {(job: Job) => Promise<void>} [started] called after the start, e.g. to add the torrent
 * @property {(job: Job, log: () => string) => boolean | Promise<boolean>} [isComplete] of a leecher; without it the
 *   client ends by itself when it has everything
 */

/** @param {string} command */
export function isOnPath(command) {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Calls `attempt` until it does not throw, for at most 15 s. @template T @param {() => Promise<T>} attempt */
export async function retry(attempt) {
  const end = performance.now() + 15_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
