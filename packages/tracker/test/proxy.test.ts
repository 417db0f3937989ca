import {
  createTrackerClient,
  parseProxyUrl,
  type AnnounceResponse,
  type TrackerClientOptions,
} from "@bt/tracker";
import { readFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { httpAnswer, rawServer } from "./support/raw-server.ts";

const BODY = "d8:intervali900e5:peers6:\x01\x02\x03\x04\x1a\x19e";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(handle: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    handle(socket);
  });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Collects bytes until `length` are there; with 0, gives whatever comes next. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  const iterator = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = Buffer.alloc(0);
  return async (length) => {
    while (rest.length < Math.max(length, 1)) {
      const { value, done } = await iterator.next();
      if (done === true) throw new Error("ended");
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, length || rest.length);
    rest = rest.subarray(taken.length);
    return taken;
  };
}

/** A SOCKS 5 proxy that leads everywhere to `port`; what it was asked for is in `asked`. */
async function socksProxy(port: number, password?: string): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const serve = async (socket: Socket): Promise<void> => {
    const read = reader(socket);
    const [, count] = await read(2);
    const methods = await read(count!);
    const wanted = password === undefined ? 0 : 2;
    socket.write(Uint8Array.of(5, methods.includes(wanted) ? wanted : 0xff));
    if (password !== undefined) {
      const [, nameLength] = await read(2);
      const name = await read(nameLength!);
      const given = await read((await read(1))[0]!);
      socket.write(Uint8Array.of(1, `${name.toString()}:${given.toString()}` === password ? 0 : 1));
    }
    const [, , , type] = await read(4);
    const host =
      type === 3 ? (await read((await read(1))[0]!)).toString() : (await read(type === 1 ? 4 : 16)).join(".");
    asked.push(`${host}:${(await read(2)).readUInt16BE()}`);
    const target = connect(port, "127.0.0.1", () => {
      socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      target.pipe(socket);
      const pump = (): Promise<unknown> => read(0).then((part) => target.write(part) && pump());
      pump().catch(() => target.end());
    });
    target.on("error", () => socket.destroy());
  };
  const own = await listen((socket) => void serve(socket).catch(() => socket.destroy()));
  return { port: own, asked };
}

/** An HTTP proxy that tunnels everything to `port`. */
async function connectProxy(port: number): Promise<{ port: number; heads: string[] }> {
  const heads: string[] = [];
  const own = await listen((socket) => {
    socket.once("data", (head) => {
      heads.push(head.toString());
      const target = connect(port, "127.0.0.1", () => {
        // The answer comes in two parts; the tunnel begins right behind the second.
        socket.write("HTTP/1.1 200 fine\r\nX: y\r");
        setImmediate(() => {
          socket.write("\n\r\n");
          socket.pipe(target);
          target.pipe(socket);
        });
      });
      target.on("error", () => socket.destroy());
    });
  });
  return { port: own, heads };
}

async function announce(url: string, options: TrackerClientOptions): Promise<AnnounceResponse> {
  const refuseLookup = (host: string): Promise<never> => Promise.reject(new Error(`looked up ${host}`));
  const client = createTrackerClient({ resolve: refuseLookup, ...options });
  closers.push(() => client.close());
  return client.announce(url, announceOf(1));
}

const peers = [{ host: "1.2.3.4", port: 6_681 }];

describe("through a proxy", () => {
  it("an HTTP tracker is asked for by name, and nothing is looked up here", async () => {
    const { port, requests } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const proxy = `http://me:p%40ss@127.0.0.1:${port}`;
    expect(await announce("http://tracker.example:6969/announce?k=1", { proxy })).toMatchObject({ peers });
    const [line] = requests[0]!.split("\r\n");
    expect(line).toMatch(/^GET http:\/\/tracker\.example:6969\/announce\?k=1&info_hash=.* HTTP\/1\.1$/);
    expect(requests[0]!.toLowerCase()).toContain("\r\nhost: tracker.example:6969\r\n");
    expect(requests[0]).toContain(
      `roxy-authorization: Basic ${Buffer.from("me:p@ss").toString("base64")}`.slice(1),
    );
  });

  it("SOCKS 5 carries it by name, with and without a password", async () => {
    const { port } = await rawServer((socket) => socket.end(httpAnswer(BODY)));
    const open = await socksProxy(port);
    expect(
      await announce("http://tracker.example/announce", { proxy: `socks5://127.0.0.1:${open.port}` }),
    ).toMatchObject({ peers });
    expect(open.asked).toEqual(["tracker.example:80"]);
    const closed = await socksProxy(port, "me:secret");
    const proxy = `socks5h://me:secret@127.0.0.1:${closed.port}`;
    expect(await announce("http://8.8.4.4:6969/announce", { proxy })).toMatchObject({ peers });
    expect(closed.asked).toEqual(["8.8.4.4:6969"]);
    for (const wrong of [`socks5://me:wrong@127.0.0.1:${closed.port}`, `socks5://127.0.0.1:${closed.port}`])
      await expect(announce("http://tracker.example/announce", { proxy: wrong })).rejects.toMatchObject({
        code: "TRACKER_UNREACHABLE",
        message: expect.stringMatching(/password/) as string,
      });
  });

  it("an HTTPS tracker is reached by a tunnel, and its certificate is verified", async () => {
    const fixture = (name: string): string =>
      readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
    const [key, cert] = [fixture("localhost-key.pem"), fixture("localhost-cert.pem")];
    const server = createHttpsServer({ key, cert }, (_request, answer) =>
      answer.end(Buffer.from(BODY, "latin1")),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const http = await connectProxy(port);
    const socks = await socksProxy(port);
    for (const proxy of [`http://127.0.0.1:${http.port}`, `socks5://127.0.0.1:${socks.port}`]) {
      const url = "https://localhost:8443/announce";
      expect(await announce(url, { proxy, trustedCertificates: cert })).toMatchObject({ peers });
      await expect(announce(url, { proxy })).rejects.toMatchObject({ code: "TRACKER_UNREACHABLE" });
      const wrongName = announce("https://tracker.example/announce", { proxy, trustedCertificates: cert });
      await expect(wrongName).rejects.toMatchObject({ code: "TRACKER_UNREACHABLE" });
    }
    expect(http.heads[0]).toMatch(/^CONNECT localhost:8443 HTTP\/1\.1\r\n/);
    expect(socks.asked[0]).toBe("localhost:8443");
  });

  it("no UDP tracker is asked where the proxy speaks HTTP", async () => {
    const announcing = announce("udp://tracker.example:80", { proxy: "http://127.0.0.1:1" });
    await expect(announcing).rejects.toMatchObject({ code: "TRACKER_UNSUPPORTED_SCHEME" });
  });

  it("redirects do not lead inward either", async () => {
    for (const target of [
      "http://192.168.1.1/announce",
      "http://localhost/announce",
      "http://x.localhost./announce",
    ]) {
      const { port } = await rawServer((socket) =>
        socket.end(httpAnswer("", [`Location: ${target}`], "302 Found")),
      );
      const announcing = announce("http://tracker.example/announce", { proxy: `http://127.0.0.1:${port}` });
      await expect(announcing).rejects.toMatchObject({ code: "TRACKER_ADDRESS_REFUSED" });
    }
  });

  it.each([
    ["hangs up at once", ""],
    ["is no proxy", "SSH-2.0-OpenSSH\r\n"],
    ["refuses", "HTTP/1.1 403 no\r\n\r\n"],
    ["never ends its answer", `HTTP/1.1 200 ok\r\nX: ${"y".repeat(20_000)}`],
  ])("that %s, the tracker is unreachable", async (_what, words) => {
    const port = await listen((socket) => socket.end(words));
    for (const scheme of ["http", "socks5"])
      await expect(
        announce("https://tracker.example/announce", { proxy: `${scheme}://127.0.0.1:${port}` }),
      ).rejects.toMatchObject({ code: "TRACKER_UNREACHABLE" });
  });

  it("that is silent, or not there, it is given up", async () => {
    const port = await listen(() => undefined);
    const options = { receiveTimeoutMs: 100, totalTimeoutMs: 5_000 };
    for (const proxy of [`socks5://127.0.0.1:${port}`, "socks5://127.0.0.1:1", "http://127.0.0.1:1"])
      await expect(announce("https://tracker.example/announce", { ...options, proxy })).rejects.toMatchObject(
        {
          code: "TRACKER_UNREACHABLE",
        },
      );
    const slow = { receiveTimeoutMs: 5_000, totalTimeoutMs: 100, proxy: `socks5://127.0.0.1:${port}` };
    await expect(announce("https://tracker.example/announce", slow)).rejects.toMatchObject({
      code: "TRACKER_TIMEOUT",
    });
  });
});

describe("the URL of a proxy", () => {
  it("is read in its parts", () => {
    const none = { username: "", password: "" };
    expect(parseProxyUrl("http://proxy.example")).toEqual({
      scheme: "http",
      host: "proxy.example",
      port: 8_080,
      ...none,
    });
    expect(parseProxyUrl("http://proxy.example:80/")).toMatchObject({ port: 80 });
    expect(parseProxyUrl("SOCKS5H://[::1]:9050")).toEqual({
      scheme: "socks5",
      host: "::1",
      port: 9_050,
      ...none,
    });
    expect(parseProxyUrl("socks5://a:b%3A@h")).toMatchObject({ port: 1_080, username: "a", password: "b:" });
  });

  it.each([
    "",
    "proxy:8080",
    "socks4://h",
    "ftp://h",
    "http://",
    "http://h/path",
    "http://h:99999",
    `http://${"u".repeat(256)}@h`,
    "http://%zz@h",
  ])("is not %j", (text) => {
    expect(() => parseProxyUrl(text)).toThrow(TypeError);
    expect(() => createTrackerClient({ proxy: text })).toThrow(TypeError);
  });
});
