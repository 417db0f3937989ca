import { formatHex } from "@bt/primitives";
import { refusal } from "./refusal.ts";

/** What a tracker serves and whom. Lists are of info-hashes, 40 hexadecimal digits each. */
export interface AccessLists {
  /** Only these are served; all when absent. */
  readonly allowList?: Iterable<string> | undefined;
  /** These are not. */
  readonly denyList?: Iterable<string> | undefined;
  /** Private tracker: only `/PASSKEY/announce` and `/PASSKEY/scrape` with one of these are answered. */
  readonly passkeys?: Iterable<string> | undefined;
}

export type TrackerAction = "announce" | "scrape";

const PATH = /^\/(?:([^/]+)\/)?(announce|scrape)$/;

/** Whether a request may be served. Lists are replaced as a whole. */
export class AccessRules {
  #allowed: ReadonlySet<string> | undefined;
  #denied: ReadonlySet<string> | undefined;
  #passkeys: ReadonlySet<string> | undefined;

  constructor(lists: AccessLists) {
    this.replace(lists);
  }

  replace({ allowList, denyList, passkeys }: AccessLists): void {
    this.#allowed = allowList && new Set([...allowList].map((hex) => hex.toLowerCase()));
    this.#denied = denyList && new Set([...denyList].map((hex) => hex.toLowerCase()));
    this.#passkeys = passkeys && new Set(passkeys);
  }

  isServed(infoHash: Uint8Array): boolean {
    if (this.#allowed === undefined && this.#denied === undefined) return true;
    const hex = formatHex(infoHash);
    return (this.#allowed?.has(hex) ?? true) && !(this.#denied?.has(hex) ?? false);
  }

  requireServed(infoHash: Uint8Array): void {
    if (!this.isServed(infoHash)) throw refusal("this tracker does not serve that torrent");
  }

  /**
   * What a path asks for: `announce` or `scrape`, or `undefined` for another page.
   * @throws TrackerError `TRACKER_FAILURE` when the tracker is private and the path holds no passkey of its.
   */
  actionOf(path: string): TrackerAction | undefined {
    if (this.#passkeys === undefined) {
      return path === "/announce" ? "announce" : path === "/scrape" ? "scrape" : undefined;
    }
    const match = PATH.exec(path);
    if (match === null) return undefined;
    if (match[1] === undefined || !this.#passkeys.has(match[1])) throw refusal("unknown passkey", Infinity);
    return match[2] as TrackerAction;
  }

  /** Whether a UDP announce with this path (BEP 41) may be served; the path of a public tracker does not matter. */
  requirePath(urlData: string | undefined): void {
    if (this.#passkeys === undefined) return;
    const path = (urlData ?? "").split("?", 1)[0]!;
    if (this.actionOf(path) !== "announce") throw refusal("unknown passkey");
  }

  /** Whether only those with a passkey are served: then a UDP scrape, which has no place for one, is not. */
  get isPrivate(): boolean {
    return this.#passkeys !== undefined;
  }
}

/**
 * The entries of a list file: one a line, the rest of a line after `#` is a comment, empty lines are passed over.
 * @throws RangeError with the number of the first line that `isEntry` does not take.
 */
export function parseListFile(text: string, isEntry: (entry: string) => boolean): string[] {
  const entries: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.split("#", 1)[0]!.trim();
    if (entry === "") continue;
    if (!isEntry(entry)) throw new RangeError(`line ${index + 1}: "${entry.slice(0, 60)}"`);
    entries.push(entry);
  }
  return entries;
}
