import { createRedisSwarmStore } from "@bt/tracker-redis";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Something that answers Redis's protocol with `reply`, whatever it is asked. */
async function fake(reply: (question: string) => string): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => socket.write(reply(data.toString("latin1"))));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function infoOf(version: string): string {
  const text = `redis_version:${version}\r\nloading:0\r\n`;
  return `$${text.length}\r\n${text}\r\n`;
}

const announce = {
  infoHash: new Uint8Array(20),
  peerId: new Uint8Array(20),
  entry: Uint8Array.of(1, 2, 3, 4, 5, 6),
  isSeed: false,
  event: undefined,
  numWant: 5,
};

describe("opening the store", () => {
  it.each(["http://127.0.0.1", "127.0.0.1:6379", "redis://[", ""])("refuses the URL %j", async (url) => {
    await expect(createRedisSwarmStore(url)).rejects.toMatchObject({ code: "REDIS_BAD_URL" });
  });

  it("says when nobody answers", async () => {
    const url = await fake(() => "");
    const server = servers.pop()!;
    await new Promise((resolve) => server.close(resolve));
    await expect(createRedisSwarmStore(url)).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
  });

  it("says when somebody answers who is no Redis", async () => {
    const url = await fake(() => "HTTP/1.1 400 Bad Request\r\n\r\n");
    await expect(createRedisSwarmStore(url, { commandTimeoutMs: 300 })).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
    });
  });

  it("says when it wants a password", async () => {
    const url = await fake(() => "-NOAUTH Authentication required.\r\n");
    await expect(createRedisSwarmStore(url, { commandTimeoutMs: 300 })).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
    });
  });

  it("says when the server is too old", async () => {
    const url = await fake((question) =>
      (question.includes("info") ? infoOf("5.0.3") : "+OK\r\n").repeat(question.split("*").length - 1),
    );
    await expect(createRedisSwarmStore(url, { commandTimeoutMs: 1_000 })).rejects.toMatchObject({
      code: "REDIS_TOO_OLD",
    });
  });
});

describe("a Redis that holds something else where the key of connection ids belongs", () => {
  it("is not used", async () => {
    const url = await fake((question) =>
      (question.includes("info") ? infoOf("7.0.0") : "+OK\r\n").repeat(question.split("*").length - 1),
    );
    await expect(createRedisSwarmStore(url, { commandTimeoutMs: 1_000 })).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
      cause: { message: "bt:connection-id-key holds something else" },
    });
  });
});

describe("a Redis that does not answer any more", () => {
  it("costs a client its answer and nobody more", async () => {
    let isSilent = false;
    const url = await fake((question) =>
      isSilent
        ? ""
        : (question.includes("info")
            ? infoOf("7.0.0")
            : question.includes("\r\nget\r\n")
              ? "$8\r\n12345678\r\n"
              : "+OK\r\n"
          ).repeat(question.split("*").length - 1),
    );
    const store = await createRedisSwarmStore(url, { commandTimeoutMs: 200 });
    isSilent = true;
    await expect(store.announce(announce)).rejects.toMatchObject({
      code: "TRACKER_FAILURE",
      retryInMs: 60_000,
    });
    await expect(store.scrape([announce.infoHash])).rejects.toMatchObject({ code: "TRACKER_FAILURE" });
    await store.close();
  });
});
