import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseListFile, type AccessLists } from "@bt/tracker/server";
import { EXIT } from "../exit-codes.ts";
import { describeSystemError } from "../explain-error.ts";
import { Failure } from "../failure.ts";

export interface ListPaths {
  readonly allowList: string | undefined;
  readonly denyList: string | undefined;
  readonly passkeys: string | undefined;
}

const CHECK_INTERVAL_MS = 1_000;
const DEFAULT_MAX_LIST_LENGTH = 67_108_864;

const isHash = (entry: string): boolean => /^[0-9a-f]{40}$/i.test(entry);
const isPasskey = (entry: string): boolean => /^[A-Za-z0-9_-]{8,128}$/.test(entry);

/** The lists of a tracker, read from their files and read again when those change. */
export class ListFiles {
  readonly #paths: { readonly [Key in keyof ListPaths]: string | undefined };
  #stamp = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: ListPaths, cwd: string) {
    const place = (path: string | undefined): string | undefined => path && resolve(join(cwd, "."), path);
    this.#paths = {
      allowList: place(paths.allowList),
      denyList: place(paths.denyList),
      passkeys: place(paths.passkeys),
    };
  }

  /** @throws Failure naming the file, and the line that is no entry. */
  async read(): Promise<AccessLists> {
    this.#stamp = await this.#look();
    const { allowList, denyList, passkeys } = this.#paths;
    return {
      ...(allowList && {
        allowList: await readList(allowList, isHash, "an info-hash of 40 hexadecimal digits"),
      }),
      ...(denyList && {
        denyList: await readList(denyList, isHash, "an info-hash of 40 hexadecimal digits"),
      }),
      ...(passkeys && {
        passkeys: await readList(passkeys, isPasskey, "a passkey of 8 to 128 letters, digits, - and _"),
      }),
    };
  }

  /** Looks at the files once a second. A list that cannot be read leaves the one before in force. */
  watch(onChange: (lists: AccessLists) => void, onError: (error: unknown) => void): void {
    if (Object.values(this.#paths).every((path) => path === undefined)) return;
    let isBusy = false;
    const check = async (): Promise<void> => {
      if ((await this.#look()) === this.#stamp) return;
      onChange(await this.read());
    };
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      check()
        .catch(onError)
        .finally(() => (isBusy = false));
    }, CHECK_INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<string> {
    const stamps = Object.values(this.#paths).map(async (path) => {
      if (path === undefined) return "";
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs} ${size} ${ino}`;
      } catch {
        return "missing";
      }
    });
    return (await Promise.all(stamps)).join("|");
  }
}

async function readList(path: string, isEntry: (entry: string) => boolean, what: string): Promise<string[]> {
  let text: string;
  try {
    if ((await stat(path)).size > DEFAULT_MAX_LIST_LENGTH)
      throw new Failure(
        EXIT.unreadable,
        "LIST_TOO_LONG",
        `${path} is longer than 64 MiB; split the torrents over trackers`,
      );
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      EXIT.unreadable,
      "LIST_UNREADABLE",
      `cannot read ${path}: ${describeSystemError(cause)}`,
      {
        cause,
      },
    );
  }
  try {
    return parseListFile(text, isEntry);
  } catch (cause) {
    throw new Failure(
      EXIT.unreadable,
      "LIST_BAD_LINE",
      `${path}: ${(cause as Error).message} is not ${what}`,
      {
        cause,
      },
    );
  }
}
