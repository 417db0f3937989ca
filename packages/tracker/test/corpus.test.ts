import { decodeCompactEndpoints, formatEndpoint, formatHex, parseEndpoint } from "@bt/primitives";
import {
  addressScope,
  buildAnnounceUrl,
  createTrackerClient,
  decodeAnnounceResponse,
  decodeScrapeResponse,
  decodeUdpRequest,
  decodeUdpResponse,
  encodeAnnounceQuery,
  isSameOrigin,
  parseTrackerUrl,
  refuseAddress,
  resolveRedirect,
  formatTrackerUrl,
  TrackerError,
  udpTransactionIdOf,
  type TrackerPeer,
} from "@bt/tracker";
import { describe, expect, it } from "vitest";
import { announceOf } from "./support/announce-parameters.ts";
import { corpusCases, hasCorpus, inputBytes, type CorpusCase } from "./support/corpus.ts";
import { httpAnswer, rawServer } from "./support/raw-server.ts";

it.runIf(!hasCorpus)("the shared corpus is not here: its cases were NOT run", () => {
  expect(hasCorpus).toBe(false);
});

/** One test per kind; the ids of whatever fails are its message. */
function each(
  kind: string,
  check: (one: CorpusCase) => void | Promise<void>,
  filter?: (one: CorpusCase) => boolean,
): void {
  const cases = corpusCases(kind).filter((one) => one.expect.class !== "advisory" && (filter?.(one) ?? true));
  it.runIf(hasCorpus)(`${kind}: all ${cases.length} cases`, async () => {
    const failures: string[] = [];
    for (const one of cases) {
      try {
        await check(one);
      } catch (error) {
        failures.push(`${one.id}: ${String(error)}`);
      }
    }
    expect(cases.length).toBeGreaterThan(0);
    expect(failures).toEqual([]);
  });
}

type Fact = { host: string; port: number; peer_id?: string };
const shown = (peers: readonly TrackerPeer[]): Fact[] =>
  peers.map(({ host, port, peerId }) => ({
    host,
    port,
    ...(peerId && { peer_id: new TextDecoder().decode(peerId) }),
  }));
const normal = (peers: unknown): Fact[] =>
  ((peers ?? []) as Fact[]).map((peer) => {
    const host =
      parseEndpoint(peer.host.includes(":") ? `[${peer.host}]:1` : `${peer.host}:1`)?.host ?? peer.host;
    return { ...peer, host };
  });

function checkAnnounce({ expect: { facts, if_accepted } }: CorpusCase, body: Uint8Array): void {
  const answer = decodeAnnounceResponse(body);
  const known = facts ?? if_accepted ?? {};
  const given: Record<string, unknown> = {
    interval: answer.intervalMs / 1_000,
    min_interval: (answer.minIntervalMs ?? 0) / 1_000,
    complete: answer.seederCount,
    incomplete: answer.leecherCount,
    downloaded: answer.completedCount,
    external_ip: answer.externalAddress,
  };
  for (const [name, value] of Object.entries(known)) if (name in given) expect(given[name]).toEqual(value);
  const all = [...shown(answer.peers), ...shown(answer.namedPeers ?? [])];
  if (known["peers"] !== undefined)
    expect(all).toEqual([...normal(known["peers"]), ...normal(known["peers6"])]);
  const least = known["usable_peers_at_least"];
  if (least !== undefined) expect(all.length).toBeGreaterThanOrEqual(least as number);
}

function checkScrape({ expect: { facts } }: CorpusCase, body: Uint8Array): void {
  const asked = (facts?.["asked"] as string[] | undefined)?.map((hex) =>
    Uint8Array.from(Buffer.from(hex, "hex")),
  );
  const swarms = [...decodeScrapeResponse(body, asked).swarms].map(([hash, row]) => [
    hash,
    { complete: row.seederCount, incomplete: row.leecherCount, downloaded: row.completedCount },
  ]);
  expect(Object.fromEntries(swarms)).toEqual(facts?.["files"]);
}

/** A datagram of the corpus, as the side that it is addressed to reads it. */
function checkDatagram(one: CorpusCase): void {
  const { class: expected, facts = {} } = one.expect;
  const packet = inputBytes(one);
  if (facts["direction"] === "to tracker") {
    const request = decodeUdpRequest(packet);
    if (expected === "reject") return expect(request).toBeUndefined();
    const given: Record<string, unknown> = { ...request, transaction_id: request?.transactionId };
    if (request?.action === "announce") {
      given["info_hash"] = formatHex(request.infoHash);
      given["peer_id"] = new TextDecoder().decode(request.peerId);
      given["num_want"] = request.numWant;
    }
    for (const [name, value] of Object.entries(facts)) {
      if (name !== "direction") expect(given[name], name).toEqual(value);
    }
    return;
  }
  const family = (facts["family"] as 4 | 6 | undefined) ?? 4;
  const asked = (one.expect as { asked_transaction_id?: number }).asked_transaction_id;
  if (asked !== undefined) return expect(udpTransactionIdOf(packet)).not.toBe(asked);
  if (expected === "reject") return expect(() => decodeUdpResponse(packet, family)).toThrow(TrackerError);
  const response = decodeUdpResponse(packet, family);
  if (expected === "tracker-error") {
    return expect(response).toMatchObject({ error: { failureReason: facts["message"] } });
  }
  const { action, transactionId } = response;
  const given: Record<string, unknown> = { action, transaction_id: transactionId };
  if (action === "connect") given["connection_id"] = formatHex(response.connectionId);
  if (action === "announce") {
    given["family"] = family;
    given["interval"] = response.answer.intervalMs / 1_000;
    given["leechers"] = response.answer.leecherCount;
    given["seeders"] = response.answer.seederCount;
    given["peers"] = shown(response.answer.peers);
    given["peer_count"] = response.answer.peers.length;
    given["peers_first"] = shown(response.answer.peers.slice(0, (facts["peers_first"] as unknown[])?.length));
    given["peers_last"] = shown(
      response.answer.peers.slice(-((facts["peers_last"] as unknown[])?.length ?? 1)),
    );
  }
  if (action === "scrape") {
    given["rows"] = response.rows.map((row) => ({
      seeders: row.seederCount,
      completed: row.completedCount,
      leechers: row.leecherCount,
    }));
  }
  for (const [name, value] of Object.entries(facts)) {
    expect(given[name], name).toEqual(name.startsWith("peers") ? normal(value) : value);
  }
}

describe("cases made by others", () => {
  each("tracker-response", (one) => {
    const body = inputBytes(one);
    try {
      if (one.op === "scrape") checkScrape(one, body);
      else checkAnnounce(one, body);
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      const { class: expected, facts } = one.expect;
      expect(["tracker-error", "either", "reject"]).toContain(expected);
      if (expected === "tracker-error")
        expect(error).toMatchObject({ failureReason: facts?.["failure_reason"] });
      return;
    }
    expect(["accept", "either"]).toContain(one.expect.class);
  });

  each("tracker-query", ({ input, expect: { output } }) => {
    const infoHash = Uint8Array.from(Buffer.from(input.params!["info_hash"]!, "hex"));
    expect(encodeAnnounceQuery(announceOf(1, { infoHash })).split("&")[0]).toBe(output!["query"]);
  });

  each("compact-peers", (one) => {
    const { facts } = one.expect;
    const peers = decodeCompactEndpoints(inputBytes(one), (facts?.["family"] as 4 | 6 | undefined) ?? 4);
    expect(peers.map(formatEndpoint)).toEqual(facts?.["peers"] ?? []);
  });

  each("udp-tracker", checkDatagram);

  each(
    "http-response",
    async (one) => {
      const { url } = await rawServer((socket) => socket.end(inputBytes(one)));
      const client = createTrackerClient();
      const error: unknown = await client.announce(url, announceOf(1)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TrackerError);
      const { code } = error as TrackerError;
      // What is good HTTP here is no tracker's answer: it must fail only after HTTP is done with it.
      if (one.expect.class === "accept") {
        expect(code).toBe(
          one.expect.facts!["status"] === 200 ? "TRACKER_BAD_RESPONSE" : "TRACKER_HTTP_STATUS",
        );
      } else expect(["TRACKER_BAD_HTTP", "TRACKER_UNREACHABLE"]).toContain(code);
    },
    (one) => one.expect.as === undefined, // the others are about ranges of web seeds
  );

  each("gzip", async (one) => {
    const { url } = await rawServer((socket) =>
      socket.end(httpAnswer(inputBytes(one), ["Content-Encoding: gzip"])),
    );
    const client = createTrackerClient();
    await expect(client.announce(url, announceOf(1))).rejects.toMatchObject({ code: "TRACKER_BAD_ENCODING" });
  });

  each("url", ({ input: { params }, expect: { class: expected, output } }) => {
    const { op, url, base, location, a, b } = params as Record<string, string>;
    if (op!.startsWith("same origin")) {
      expect(isSameOrigin(parseTrackerUrl(a!)!, parseTrackerUrl(b!)!)).toBe(output!["same_origin"]);
    } else if (op!.startsWith("resolve")) {
      expect(formatTrackerUrl(resolveRedirect(parseTrackerUrl(base!)!, location))).toBe(output!["url"]);
    } else {
      const parsed = parseTrackerUrl(url!);
      if (expected === "reject" || expected === "safe" || expected === "either")
        expect(parsed).toBeUndefined();
      else expect(parsed).toBeDefined();
      if (expected !== "vector") return;
      const path = parsed!.path + (parsed!.query && `?${parsed!.query}`);
      const port = (output!["port"] as number | null) ?? { http: 80, https: 443, udp: 0 }[parsed!.scheme];
      expect(parsed).toMatchObject({ scheme: output!["scheme"], host: output!["host"], port });
      expect(path).toBe(output!["path"]);
      if (output!["auth"] !== undefined) expect(parsed!.credentials).toBe(output!["auth"]);
    }
  });

  each(
    "ssrf",
    ({ input: { params }, expect: { class: expected } }) => {
      const { tracker } = params as { tracker: string };
      let isSent: boolean;
      try {
        buildAnnounceUrl(tracker, announceOf(1));
        const { host, path } = parseTrackerUrl(tracker)!;
        const address = { localhost: "127.0.0.1", "tracker.com": "8.8.8.8" }[host] ?? host;
        isSent = refuseAddress(address, { path, comesFromGlobal: false }) === undefined;
      } catch (error) {
        expect(error).toBeInstanceOf(TrackerError);
        isSent = false;
      }
      if (expected === "reject") expect(isSent).toBe(false);
    },
    ({ input }) => input.params!["tracker"] !== undefined,
  );

  each(
    "ip-vector",
    ({ input: { params }, expect: { output } }) => {
      const scope = addressScope(params!["ip"]!);
      if (output!["ipv4"] !== undefined) expect(scope).toBe(addressScope(output!["ipv4"] as string));
      else if (output!["global"] !== undefined) expect(scope === "global").toBe(output!["global"]);
      else if (output!["address_class"] === "loopback") expect(scope).toBe("loopback");
      else if (["multicast", "reserved"].includes(String(output!["address_class"])))
        expect(scope).toBe("unusable");
      else if (["rfc1918", "carrier-grade NAT"].includes(String(output!["address_class"])))
        expect(scope).toBe("local");
      else expect(scope).toBe("global"); // nothing special, or set aside for documents, where nobody answers
    },
    ({ input }) => input.params!["ip"] !== undefined, // the others are about subnets
  );
});
