import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { parseTrackerRecord, type TrackerRecord } from "../dns-preferences.ts";

/** Hosts whose records are remembered. */
const MAX_HOST_COUNT = 1_000;
/** How long a record is believed: trackers are asked every half an hour, and move seldom. */
const RECORD_MS = 3_600_000;
/** … and how long the want of one. */
const NO_RECORD_MS = 600_000;
/** An announce does not wait longer for a record. */
const LOOKUP_TIMEOUT_MS = 2_000;

type ResolveTxt = (host: string) => Promise<readonly (readonly string[])[]>;

/** What hosts say in DNS of their trackers (BEP 34), remembered. A host that cannot be asked says nothing. */
export class DnsRecords {
  readonly #resolveTxt: ResolveTxt;
  readonly #known = new Map<
    string,
    { readonly record: Promise<TrackerRecord | undefined>; expiresAt: number }
  >();

  constructor(resolveTxt: ResolveTxt = systemResolveTxt) {
    this.#resolveTxt = resolveTxt;
  }

  async of(host: string): Promise<TrackerRecord | undefined> {
    if (isIP(host) !== 0 || !host.includes(".")) return undefined;
    const now = performance.now();
    const known = this.#known.get(host);
    if (known !== undefined && now < known.expiresAt) return known.record;
    this.#known.delete(host);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_HOST_COUNT) this.#known.delete(oldest);
    const record = this.#resolveTxt(host).then(
      // A text of more than 255 bytes comes in parts.
      (texts) => parseTrackerRecord(texts.map((parts) => parts.join(""))),
      () => undefined,
    );
    const entry = { record, expiresAt: now + RECORD_MS };
    this.#known.set(host, entry);
    if ((await record) === undefined) entry.expiresAt = now + NO_RECORD_MS;
    return record;
  }
}

function systemResolveTxt(host: string): Promise<readonly (readonly string[])[]> {
  return new Resolver({ timeout: LOOKUP_TIMEOUT_MS, tries: 1 }).resolveTxt(host);
}
