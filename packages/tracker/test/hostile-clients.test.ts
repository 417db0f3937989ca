import { createTrackerServer, type TrackerServer, type TrackerServerOptions } from "@bt/tracker/server";
import fc from "fast-check";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function tracker(options: TrackerServerOptions = {}): Promise<TrackerServer> {
  const server = await createTrackerServer({ host: "127.0.0.1", ...options });
  open.push(() => server.close());
  return server;
}

const announce = (n: number, rest = "HTTP/1.1\r\nHost: t\r\n\r\n"): string =>
  `GET /announce?info_hash=${"%ab".repeat(20)}&peer_id=-XX0000-abcdefghijkl&port=${n}&left=1 ${rest}`;

/** Sends parts one after the other and gives all that came until the other side ended it or fell silent. */
function talk(server: TrackerServer, parts: readonly string[], from?: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ port: server.port, host: "127.0.0.1", ...(from && { localAddress: from }) });
    open.push(() => socket.destroy());
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setNoDelay(true);
    socket.on("data", (part) => (answer += part.toString("latin1")));
    socket.on("end", done);
    socket.on("error", done);
    socket.setTimeout(300, done);
    void (async () => {
      for (const part of parts) {
        socket.write(part, "latin1");
        if (parts.length > 1) await delay(2);
      }
    })();
  });
}

const count = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

describe("the tracker's HTTP", () => {
  it("reads a request that comes byte by byte", async () => {
    const server = await tracker();
    const answer = await talk(server, [...announce(7, "HTTP/1.1\r\nConnection: close\r\n\r\n")]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*8:intervali/);
  });

  it("answers requests that come all at once, each once and in order", async () => {
    const server = await tracker();
    const many = Array.from({ length: 40 }, (_, i) => announce(i + 1)).join("");
    const answer = await talk(server, [many]);
    expect(count(answer, /HTTP\/1\.1 200 OK/g)).toBe(40);
    // Each finds one peer more.
    expect([...answer.matchAll(/10:incompletei(\d+)e/g)].map(([, n]) => Number(n))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  it("keeps the order when the store is slow", async () => {
    const counts = { seederCount: 0, leecherCount: 0, pausedCount: 0 };
    const empty = { count: 0, compact: new Uint8Array(0), peerIds: new Uint8Array(0) };
    const server = await tracker({
      store: {
        announce: async ({ entry }) => {
          const port = entry[5]!;
          await delay(port === 1 ? 60 : 1);
          return { ...counts, completedCount: port, peers: empty, peers6: empty };
        },
        scrape: () => [],
        stats: () => ({ swarmCount: 0, peerCount: 0, seederCount: 0, byteLength: 0 }),
      },
    });
    const answer = await talk(server, [announce(1) + announce(2), announce(3, "HTTP/1.0\r\n\r\n")]);
    expect([...answer.matchAll(/downloadedi(\d)e/g)].map(([, n]) => n)).toEqual(["1", "2", "3"]);
  });

  it("ends a connection of HTTP/1.0 or one that wants it, and keeps others", async () => {
    const server = await tracker();
    expect(await talk(server, [announce(1, "HTTP/1.0\r\n\r\n")])).toContain("Connection: close");
    expect(await talk(server, [announce(1, "HTTP/1.1\r\ncOnNection: foo, CLOSE\r\n\r\n")])).toContain(
      "Connection: close",
    );
    const kept = await talk(server, [announce(1, "HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), announce(2)]);
    expect(count(kept, /200 OK/g)).toBe(2);
  });

  it("keeps no connection for a next request when more than half of the places are taken", async () => {
    const server = await tracker({ maxConnectionCount: 2 });
    expect(await talk(server, [announce(1)])).not.toContain("Connection: close");
    const idle = connect({ port: server.port, host: "127.0.0.1" });
    open.push(() => idle.destroy());
    await new Promise((resolve) => idle.once("connect", resolve));
    expect(await talk(server, [announce(2)])).toContain("Connection: close");
  });

  it.each([
    ["a line that ends in LF alone", "GET / HTTP/1.1\nHost: t\n\n", 400],
    ["a CR that ends nothing", "GET /\r HTTP/1.1\r\n\r\n", 400],
    ["a NUL", "GET /\0 HTTP/1.1\r\n\r\n", 400],
    ["no version", "GET /announce\r\n\r\n", 400],
    ["another version", "GET / HTTP/2.0\r\n\r\n", 505],
    ["no target", "GET  HTTP/1.1\r\n\r\n", 400],
    ["a whole URL", "GET http://t/announce HTTP/1.1\r\n\r\n", 400],
    ["blanks in the target", "GET /a b HTTP/1.1\r\n\r\n", 400],
    ["a blank before a colon", "GET / HTTP/1.1\r\nHost : t\r\n\r\n", 400],
    ["a continued header", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400],
    ["a header without a colon", "GET / HTTP/1.1\r\nabc\r\n\r\n", 400],
    ["a body", "POST /announce HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413],
    ["a body in chunks", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413],
    ["an expectation", "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", 417],
    ["a peer's handshake", "\x13BitTorrent protocol\0\0\0\0\0\0\0\0", 400],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", undefined],
  ])("refuses %s", async (_, request, status) => {
    const server = await tracker();
    const answer = await talk(server, [request]);
    if (status === undefined) expect(answer).not.toContain("200 OK");
    else expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    // Nothing behind the refusal is looked at.
    expect(count(answer, /HTTP\/1\.1/g)).toBeLessThan(2);
    expect(await talk(server, [announce(1)])).toContain("200 OK");
  });

  it("refuses a head that is too long, in one line or in many", async () => {
    const server = await tracker();
    expect(await talk(server, [`GET /${"x".repeat(30_000)}`])).toMatch(/^HTTP\/1\.1 431 /);
    const many = "A: b\r\n".repeat(5_000);
    expect(await talk(server, [`GET / HTTP/1.1\r\n${many}`])).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("answers HEAD without a body", async () => {
    const server = await tracker();
    const answer = await talk(server, ["HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n"]);
    expect(answer).toMatch(/^HTTP\/1\.1 404 [^]*\r\n\r\n$/);
  });

  it.each([
    ["a hash in hexadecimal", `info_hash=${"ab".repeat(20)}`, "info_hash must be 20 bytes"],
    ["a hash escaped twice", `info_hash=${"%25ab".repeat(20)}`, "info_hash must be 20 bytes"],
    ["a hash of 19 bytes", `info_hash=${"%ab".repeat(19)}`, "info_hash must be 20 bytes"],
    ["an empty hash", "info_hash=", "info_hash must be 20 bytes"],
    ["a stray percent", `info_hash=${"%ab".repeat(19)}%a`, "info_hash must be 20 bytes"],
    ["a negative port", `info_hash=${"%ab".repeat(20)}&port=-1`, "port must be 1 to 65535"],
    ["a huge port", `info_hash=${"%ab".repeat(20)}&port=99999999999999999999999`, "port must be 1 to 65535"],
  ])("refuses %s in bencode", async (_, query, reason) => {
    const server = await tracker();
    const answer = await talk(server, [
      `GET /announce?${query}&peer_id=-XX0000-abcdefghijkl HTTP/1.0\r\n\r\n`,
    ]);
    expect(answer).toContain(`14:failure reason${reason.length}:${reason}e`);
  });

  it("takes the first of parameters that come twice, and any numwant", async () => {
    const server = await tracker();
    for (const more of [
      "&port=9&numwant=-1",
      "&numwant=99999999999999999999",
      "&numwant=1e9",
      "&left=-5",
      "&uploaded=x",
    ]) {
      const request = announce(1).replace("&left=1", `&left=1${more}`);
      expect(await talk(server, [request])).toContain("8:interval");
    }
    expect((await server.stats()).peerCount).toBe(1);
  });

  it("cuts off who asks for too much at once, and lets others in", async () => {
    const server = await tracker({ maxConnectionsPerAddress: 5 });
    const idle: Socket[] = [];
    for (let i = 0; i < 5; i++) {
      const socket = connect(server.port, "127.0.0.1");
      open.push(() => socket.destroy());
      idle.push(socket);
      await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    }
    expect(await talk(server, [announce(1)])).toBe("");
    expect(await talk(server, [announce(2)], "127.0.0.2")).toContain("200 OK");
    for (const socket of idle) socket.destroy();
    await expect.poll(() => talk(server, [announce(3)])).toContain("200 OK");
  });

  it("lives through whatever comes", async () => {
    const server = await tracker();
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom("GET /announce?", " HTTP/1.1\r\n", "\r\n", "Host:", "info_hash=", "%", "&"),
    );
    const requests = fc.sample(fc.array(line, { maxLength: 12 }), { numRuns: 60, seed: 5 });
    await Promise.all(
      requests.map(
        (parts) =>
          new Promise<void>((resolve) => {
            const socket = connect(server.port, "127.0.0.1", () =>
              socket.end(Buffer.from(parts.join(""), "latin1")),
            );
            socket.on("error", () => undefined);
            socket.resume().on("close", () => resolve());
          }),
      ),
    );
    expect(await talk(server, [announce(1)])).toContain("200 OK");
  });
});

describe("who the client is", () => {
  const withHeader = (value: string): string =>
    announce(1, `HTTP/1.1\r\nX-Forwarded-For: ${value}\r\nConnection: close\r\n\r\n`);
  const externalOf = (answer: string): string => {
    const match = /11:external ip(\d+):/.exec(answer);
    if (match === null) return answer;
    const at = match.index + match[0].length;
    return [...answer.slice(at, at + Number(match[1]))].map((char) => char.charCodeAt(0)).join(".");
  };

  it("is what the socket says, whatever the client says", async () => {
    const server = await tracker();
    expect(externalOf(await talk(server, [withHeader("6.6.6.6")]))).toBe("127.0.0.1");
    const claims = announce(1, "HTTP/1.0\r\n\r\n").replace("&left=1", "&left=1&ip=6.6.6.6");
    expect(externalOf(await talk(server, [claims]))).toBe("127.0.0.1");
  });

  it("is what `ip=` says where that is trusted", async () => {
    const server = await tracker({ trustClaimedAddress: true });
    const claim = (ip: string): string =>
      announce(1, "HTTP/1.0\r\n\r\n").replace("&left=1", `&left=1&ip=${ip}`);
    expect(externalOf(await talk(server, [claim("6.6.6.6")]))).toBe("6.6.6.6");
    expect(externalOf(await talk(server, [claim("host.example")]))).toBe("127.0.0.1");
    expect(externalOf(await talk(server, [claim("2001%3Adb8%3A%3A1")]))).toMatch(/^32\.1\.13\.184\./);
  });

  it("is what a trusted proxy says, the last address that is no proxy", async () => {
    const server = await tracker({ trustedProxies: ["127.0.0.0/8"] });
    expect(externalOf(await talk(server, [withHeader("9.9.9.9, 6.6.6.6, 127.0.0.5")]))).toBe("6.6.6.6");
    for (const bad of ["", "nonsense", "127.0.0.5", "unknown, nonsense"])
      expect(await talk(server, [withHeader(bad)])).toContain("the address of the connection is not known");
    const twice = announce(1, "HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\n\r\n");
    expect(await talk(server, [twice])).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("a scrape of everything", () => {
  const scrape = "GET /scrape HTTP/1.0\r\n\r\n";
  const other = announce(2).replace("%ab".repeat(20), "%0a".repeat(20));

  it("is given in the order of info-hashes where it is offered", async () => {
    const server = await tracker({ fullScrape: true });
    await talk(server, [announce(1) + other]);
    const answer = await talk(server, [scrape]);
    const row = "d8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei1ee";
    expect(answer).toContain(`\r\n\r\nd5:filesd20:${"\n".repeat(20)}${row}20:${"\xab".repeat(20)}${row}ee`);
  });

  it("is refused when there is too much of it", async () => {
    const server = await tracker({ fullScrape: true, maxFullScrapeSwarms: 1 });
    await talk(server, [announce(1) + other]);
    expect(await talk(server, [scrape])).toContain("too many torrents");
  });
});
