import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Needy } from "./availability.ts";
import type { Child } from "./child.ts";
import type { Scope } from "./scope.ts";
import { waitUntil } from "./wait-until.ts";

const RELAY = fileURLToPath(new URL("./network-relay.mjs", import.meta.url));
const TRACKER_PORT = 6_969;
const HOST_COUNT = 9;

export type Family = 4 | 6;

/** The `n`th host of the network, from 1 to 9; the first is the tracker's. */
export function hostOf(n: number, family: Family): string {
  return family === 4 ? `10.77.0.${String(n)}` : `2001:db8:77::${String(n)}`;
}

/** What networks are made with. */
export const networks: Needy = {
  name: "networks",
  needs: ["unshare", "nsenter", "ip"],
  packages: ["util-linux", "iproute2"],
};

/** Whether this machine lets us make networks: root, and not in a container that forbids it. */
export function mayMakeNetworks(): boolean {
  try {
    execFileSync("unshare", ["--net", "--mount", "ip", "link", "set", "lo", "up"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * A network of its own with nine hosts, IPv4 and IPv6, and nothing else: clients that take loopback addresses for nonsense talk
 * to each other here, and nothing gets out. `tracker4.test` and `tracker6.test` are the names of the first host.
 */
export class NetworkNamespace {
  readonly #scope: Scope;
  readonly #holder: Child;
  readonly #socketPath: string;

  private constructor(scope: Scope, holder: Child, socketPath: string) {
    this.#scope = scope;
    this.#holder = holder;
    this.#socketPath = socketPath;
  }

  static async create(scope: Scope): Promise<NetworkNamespace> {
    const folder = await scope.folder("network");
    const socketPath = path.join(folder, "tracker.sock");
    const hosts = path.join(folder, "hosts");
    await writeFile(
      hosts,
      `127.0.0.1 localhost\n::1 localhost\n${hostOf(1, 4)} tracker4.test\n${hostOf(1, 6)} tracker6.test\n`,
    );
    const addresses = Array.from({ length: HOST_COUNT }, (_, i) => [
      `ip addr add ${hostOf(i + 1, 4)}/32 dev lo`,
      `ip addr add ${hostOf(i + 1, 6)}/128 dev lo nodad`,
    ]).flat();
    const script = [
      "set -e",
      "ip link set lo up",
      ...addresses,
      // Clients ask the routes whether there is IPv6 at all.
      "ip route add default dev lo",
      "ip -6 route add default dev lo",
      `mount --bind '${hosts}' /etc/hosts`,
      `exec '${process.execPath}' '${RELAY}' '${socketPath}' ${hostOf(1, 4)} ${String(TRACKER_PORT)}`,
    ].join("\n");
    const holder = scope.start("unshare", ["--net", "--mount", "sh", "-c", script], folder);
    await waitUntil(
      "the network is there",
      10_000,
      () => holder.stdout.includes("ready"),
      () => holder.tail,
    );
    return new NetworkNamespace(scope, holder, socketPath);
  }

  get trackerPort(): number {
    return TRACKER_PORT;
  }

  /** Starts a program inside. */
  start(
    command: string,
    args: readonly string[],
    cwd: string,
    env?: Readonly<Record<string, string>>,
  ): Child {
    const enter = ["-t", String(this.#holder.pid), "--net", "--mount", `--wd=${cwd}`, "--", command, ...args];
    return this.#scope.start("nsenter", enter, cwd, env);
  }

  /** The body of what the tracker inside answers. */
  get(target: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asking = request({ socketPath: this.#socketPath, path: target, agent: false }, (response) => {
        response.setEncoding("latin1");
        let text = "";
        response.on("data", (part: string) => (text += part));
        response.on("end", () => {
          resolve(text);
        });
        response.on("error", reject);
      });
      asking.setTimeout(5_000, () => asking.destroy(new Error("the tracker is silent")));
      asking.on("error", reject);
      asking.end();
    });
  }
}
