import {
  createTrackerClient,
  TrackerError,
  type TrackerClientOptions,
  type TrackerErrorCode,
} from "@bt/tracker";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { httpAnswer, rawServer } from "./support/raw-server.ts";

const BODY = "d8:intervali900e5:peers6:\x01\x02\x03\x04\x1a\x19e";
/** Long enough for a loaded machine in tests that expect an answer; short ones are given where time must run out. */
const SHORT = { totalTimeoutMs: 400, receiveTimeoutMs: 200, stopTimeoutMs: 100 };

async function announce(url: string, options: TrackerClientOptions = {}): Promise<unknown> {
  const client = createTrackerClient(options);
  try {
    return await client.announce(url, announceOf(1));
  } finally {
    client.close();
  }
}

async function errorOf(url: string, options: TrackerClientOptions = {}): Promise<TrackerError> {
  const error: unknown = await announce(url, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrackerError);
  return error as TrackerError;
}

async function codeFor(
  answer: string | Uint8Array,
  options?: TrackerClientOptions,
): Promise<TrackerErrorCode> {
  const { url } = await rawServer((socket) => socket.end(answer));
  return (await errorOf(url, options)).code;
}

describe("an honest tracker", () => {
  it("may be asked many things at a time", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const { url } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const client = createTrackerClient();
    await Promise.all(Array.from({ length: 30 }, (_, i) => client.announce(url, announceOf(i))));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]); // Node warns of more than ten listeners on one signal
  });

  it("is asked with one plain GET and answers", async () => {
    const { url, requests } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const answer = await announce(`${url}?passkey=1`, { userAgent: "test/1" });
    expect(answer).toMatchObject({ intervalMs: 900_000, peers: [{ host: "1.2.3.4", port: 6681 }] });
    const [line, ...headers] = requests[0]!.split("\r\n");
    expect(line).toMatch(
      /^GET \/announce\?passkey=1&info_hash=(%AB){20}&peer_id=-BT0000-000000000001&port=10001&/,
    );
    expect(headers.map((header) => header.toLowerCase())).toEqual(
      expect.arrayContaining(["user-agent: test/1", "connection: close", "accept-encoding: gzip, deflate"]),
    );
  });

  it.each([
    ["gzip", gzipSync(BODY)],
    ["x-gzip", gzipSync(BODY)],
    ["deflate", deflateSync(BODY)],
    ["deflate", deflateRawSync(BODY)],
    ["identity", Buffer.from(BODY)],
  ])("may compress with %s", async (encoding, body) => {
    const { url } = await rawServer((socket) =>
      socket.end(httpAnswer(body, [`Content-Encoding: ${encoding}`])),
    );
    expect(await announce(url)).toMatchObject({ intervalMs: 900_000 });
  });

  it("may send its answer in chunks, or end it by closing", async () => {
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
    for (const answer of [
      Buffer.from(chunked, "latin1"),
      Buffer.from(`HTTP/1.0 200 OK\r\n\r\n${BODY}`, "latin1"),
    ]) {
      const { url } = await rawServer((socket) => socket.end(answer));
      expect(await announce(url)).toMatchObject({ intervalMs: 900_000 });
    }
  });

  it("gets the credentials of its URL, and a redirect to another server does not", async () => {
    const other = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const { port, requests } = await rawServer((socket, head) =>
      head.includes("/announce2")
        ? socket.end(httpAnswer("", [`Location: ${other.url}`], "302 Found"))
        : socket.end(httpAnswer("", ["Location: /announce2"], "302 Found")),
    );
    await announce(`http://me:secret@127.0.0.1:${port}/announce`);
    const credentials = /authorization: Basic bWU6c2VjcmV0/i;
    expect(requests[0]).toMatch(credentials);
    expect(requests[1]).toMatch(credentials);
    expect(other.requests[0]).not.toMatch(/authorization/i);
  });

  it("is reached from the address that is bound", async () => {
    let from: string | undefined;
    const { url } = await rawServer((socket) => {
      from = socket.remoteAddress;
      socket.end(httpAnswer(BODY));
    });
    await announce(url, { bindAddress: "127.0.0.9" });
    expect(from).toBe("127.0.0.9");
    expect(() => createTrackerClient({ bindAddress: "eth0" })).toThrow(TypeError);
  });

  it("may be reached by HTTPS only with a certificate that is trusted", async () => {
    const [key, cert] = ["key", "cert"].map((part) =>
      readFileSync(new URL(`fixtures/localhost-${part}.pem`, import.meta.url), "utf8"),
    ) as [string, string];
    const server = createServer({ key, cert }, (_, response) => response.end(BODY, "latin1"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
    expect(await errorOf(url)).toMatchObject({ code: "TRACKER_UNREACHABLE" });
    expect(await announce(url, { trustedCertificates: cert })).toMatchObject({ intervalMs: 900_000 });
    server.close();
  });
});

describe("a tracker that answers nonsense", () => {
  it.each<[string, string | Uint8Array, TrackerErrorCode]>([
    ["an HTML page", httpAnswer("<html>sign in</html>", ["Content-Type: text/html"]), "TRACKER_BAD_RESPONSE"],
    ["an empty body", httpAnswer(""), "TRACKER_BAD_RESPONSE"],
    ["bencode of the wrong type", httpAnswer("li1ee"), "TRACKER_BAD_RESPONSE"],
    ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nd8:in", "TRACKER_UNREACHABLE"],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-Le", "TRACKER_UNREACHABLE"],
    ["nothing", "", "TRACKER_UNREACHABLE"],
    ["another protocol", "220 mail.example ESMTP\r\n", "TRACKER_BAD_HTTP"],
    [
      "an upgrade",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      "TRACKER_UNREACHABLE",
    ],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nde",
      "TRACKER_BAD_HTTP",
    ],
    ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nde", "TRACKER_BAD_HTTP"],
    ["an unknown encoding", httpAnswer("de", ["Content-Encoding: br"]), "TRACKER_BAD_ENCODING"],
    ["what is not gzip", httpAnswer("de", ["Content-Encoding: gzip"]), "TRACKER_BAD_ENCODING"],
    ["an error status", httpAnswer("gone", [], "404 Not Found"), "TRACKER_HTTP_STATUS"],
    ["an unexpected status", httpAnswer("", [], "204 No Content"), "TRACKER_HTTP_STATUS"],
    ["a refusal", httpAnswer("d14:failure reason2:noe"), "TRACKER_FAILURE"],
    [
      "a refusal with an error status",
      httpAnswer("d14:failure reason2:noe", [], "403 Forbidden"),
      "TRACKER_FAILURE",
    ],
    ["a redirect to nowhere", httpAnswer("", [], "302 Found"), "TRACKER_BAD_REDIRECT"],
    [
      "a redirect to a file",
      httpAnswer("", ["Location: file:///etc/passwd"], "302 Found"),
      "TRACKER_BAD_REDIRECT",
    ],
    [
      "a redirect to UDP",
      httpAnswer("", ["Location: udp://127.0.0.1:1"], "302 Found"),
      "TRACKER_BAD_REDIRECT",
    ],
    [
      "a redirect that injects",
      httpAnswer("", ["Location: /announce\t HTTP"], "302 Found"),
      "TRACKER_BAD_REDIRECT",
    ],
    [
      "a redirect to a cloud's secrets",
      redirectTo("http://169.254.169.254/announce"),
      "TRACKER_ADDRESS_REFUSED",
    ],
    ["a redirect to a page of this machine", redirectTo("/admin"), "TRACKER_ADDRESS_REFUSED"],
  ])("with %s is reported as such", async (_, answer, code) => {
    expect(await codeFor(answer)).toBe(code);
  });

  it("says how long to wait where HTTP has a word for it", async () => {
    const { url } = await rawServer((socket) =>
      socket.end(httpAnswer("", ["Retry-After: 120"], "503 Service Unavailable")),
    );
    expect(await errorOf(url)).toMatchObject({
      code: "TRACKER_HTTP_STATUS",
      retryInMs: 120_000,
      data: { status: 503 },
    });
  });
});

function redirectTo(location: string): Uint8Array {
  return httpAnswer("", [`Location: ${location}`], "301 Moved Permanently");
}

describe("a tracker that wants our memory or time", () => {
  it("by a body without end, is cut off", async () => {
    const { url } = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const part = Buffer.alloc(65_536, 0x64);
      const more = (): void => void (socket.writable && socket.write(part, () => setImmediate(more)));
      more();
    });
    expect((await errorOf(url)).code).toBe("TRACKER_RESPONSE_TOO_LARGE");
  });

  it("by a length above the cap, is not even listened to", async () => {
    expect(await codeFor("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n")).toBe(
      "TRACKER_RESPONSE_TOO_LARGE",
    );
  });

  it("by a gzip bomb, is cut off", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1_048_576));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await codeFor(httpAnswer(bomb, ["Content-Encoding: gzip"]))).toBe("TRACKER_RESPONSE_TOO_LARGE");
  });

  it("by a head without end, is cut off", async () => {
    const head = `HTTP/1.1 200 OK\r\n${`X-Filler: ${"x".repeat(1_000)}\r\n`.repeat(100)}`;
    expect(await codeFor(head)).toBe("TRACKER_RESPONSE_TOO_LARGE");
  });

  it("by redirects in a circle, is left after five", async () => {
    const { url, requests } = await rawServer((socket) => socket.end(redirectTo("/announce")));
    expect((await errorOf(url)).code).toBe("TRACKER_BAD_REDIRECT");
    expect(requests).toHaveLength(6);
  });

  it("by silence, is given up", async () => {
    const { url } = await rawServer(() => undefined);
    expect((await errorOf(url, { ...SHORT, totalTimeoutMs: 20_000 })).data).toMatchObject({ limitMs: 200 });
  });

  it("by a byte now and then, is given up all the same", async () => {
    const { url } = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const timer = setInterval(() => socket.write("d"), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const error = await errorOf(url, { ...SHORT, receiveTimeoutMs: 20_000 });
    expect(error).toMatchObject({ code: "TRACKER_TIMEOUT", data: { limitMs: 400 } });
  });

  it("when we leave, gets even less time", async () => {
    const { url } = await rawServer(() => undefined);
    const client = createTrackerClient({ ...SHORT, receiveTimeoutMs: 20_000, totalTimeoutMs: 20_000 });
    await expect(client.announce(url, announceOf(1, { event: "stopped" }))).rejects.toMatchObject({
      code: "TRACKER_TIMEOUT",
      data: { limitMs: 100 },
    });
  });

  it("by a reset, is unreachable", async () => {
    const { url } = await rawServer((socket) => socket.resetAndDestroy());
    expect(await errorOf(url)).toMatchObject({ code: "TRACKER_UNREACHABLE", cause: expect.any(Error) });
  });
});

describe("a tracker's URL", () => {
  it.each<[string, TrackerErrorCode]>([
    ["nonsense", "TRACKER_BAD_URL"],
    ["http://t.example/announce?info_hash=x", "TRACKER_BAD_URL"],
    ["wss://t.example/announce", "TRACKER_UNSUPPORTED_SCHEME"],
    ["http://127.0.0.1:1/private", "TRACKER_ADDRESS_REFUSED"],
    ["http://[::ffff:127.0.0.1]:1/private", "TRACKER_ADDRESS_REFUSED"],
    ["http://2130706433:1/private", "TRACKER_ADDRESS_REFUSED"],
    ["http://localhost:1/private", "TRACKER_ADDRESS_REFUSED"],
    ["http://169.254.169.254/announce", "TRACKER_ADDRESS_REFUSED"],
    ["http://127.0.0.1:1/announce", "TRACKER_UNREACHABLE"],
  ])("%s ends in %s", async (url, code) => {
    expect((await errorOf(url, { receiveTimeoutMs: 5_000 })).code).toBe(code);
  });

  it("is not in the error, because it may hold a passkey", async () => {
    const error = await errorOf("http://127.0.0.1:1/announce/5ecret?passkey=5ecret");
    expect(JSON.stringify([error.message, error.data])).not.toContain("5ecret");
  });

  it("may lead anywhere when the guard is off", async () => {
    const { port } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    expect(
      await announce(`http://localhost:${port}/mine`, { guardAddresses: false, family: 4 }),
    ).toMatchObject({
      intervalMs: 900_000,
    });
  });
});

describe("giving up", () => {
  it("ends a request at once, by its signal or with the client", async () => {
    const { url } = await rawServer(() => undefined);
    const client = createTrackerClient();
    const giving = new AbortController();
    const first = client.announce(url, announceOf(1), { signal: giving.signal });
    const second = client.scrape(url, [announceOf(1).infoHash]);
    giving.abort();
    await expect(first).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
    client.close();
    await expect(second).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
    await expect(client.announce(url, announceOf(1))).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
  });

  it("works for requests that wait for their turn, and leaving does not wait", async () => {
    const { url, requests } = await rawServer((socket, head) => {
      if (head.includes("event=stopped")) socket.end(httpAnswer(BODY));
    });
    const client = createTrackerClient({ maxConcurrentRequests: 1 });
    const busy = client.announce(url, announceOf(1));
    const giving = new AbortController();
    const waiting = client.announce(url, announceOf(2), { signal: giving.signal });
    await client.announce(url, announceOf(3, { event: "stopped" }));
    giving.abort();
    await expect(waiting).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
    expect(requests.some((head) => head.includes("000000000002"))).toBe(false);
    client.close();
    await expect(busy).rejects.toMatchObject({ code: "TRACKER_CANCELLED" });
  });

  it("lets the next one in when one ends", async () => {
    const { url, requests } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const client = createTrackerClient({ maxConcurrentRequests: 2 });
    await Promise.all(Array.from({ length: 10 }, (_, i) => client.announce(url, announceOf(i))));
    expect(requests).toHaveLength(10);
  });
});
