import { connect } from "node:net";
import type { Child } from "../harness/child.ts";
import type { Needy } from "../harness/availability.ts";
import { freePort } from "../harness/free-port.ts";
import type { Scope } from "../harness/scope.ts";
import { HOST } from "../harness/settings.ts";
import { waitUntil } from "../harness/wait-until.ts";

export const redisServer: Needy = {
  name: "redis",
  needs: ["redis-server"],
  packages: ["redis-server"],
};

/** A redis-server of the test's own, in memory. */
export class RedisServer {
  readonly port: number;
  readonly #scope: Scope;
  #child: Child | undefined;

  private constructor(scope: Scope, port: number) {
    this.#scope = scope;
    this.port = port;
  }

  static async start(scope: Scope): Promise<RedisServer> {
    const redis = new RedisServer(scope, await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://${HOST}:${String(this.port)}`;
  }

  async start(): Promise<void> {
    const home = await this.#scope.folder("redis");
    const args = ["--port", String(this.port), "--bind", HOST, "--save", "", "--dir", home];
    const child = this.#scope.start("redis-server", args, home);
    this.#child = child;
    await waitUntil(
      "redis-server answers",
      10_000,
      () => answers(this.port),
      () => child.tail,
    );
  }

  /** Ends it; what it held is gone. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().startsWith("+PONG"));
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
