import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createNodeSession } from "@bt/engine/node";
import type { Session } from "@bt/engine";
import { onTestFinished } from "vitest";
import { runBt } from "./run-bt.ts";

/** Writes random files below `folder`; a length per path. */
export function writePayload(folder: string, files: Readonly<Record<string, number>>): void {
  for (const [path, length] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), randomBytes(length));
  }
}

/** Makes `name.torrent` of `name` in `folder`, with `bt create`; returns its bytes' place. */
export async function createIn(folder: string, name: string, ...args: string[]): Promise<string> {
  const { code, err } = await runBt(["create", name, "--piece-length", "16K", ...args], { cwd: folder });
  if (code !== 0) throw new Error(err);
  return join(folder, `${name}.torrent`);
}

/** A seeder on 127.0.0.1 that is gone after the test. */
export async function startSeeder(torrent: Uint8Array, root: string): Promise<Session> {
  const session = await createNodeSession({ host: "127.0.0.1" });
  onTestFinished(() => session.close({ timeoutMs: 100 }));
  await session.add(torrent, { root, useTrackers: false }).done;
  return session;
}
