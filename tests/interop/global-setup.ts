import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { installMissing } from "./harness/availability.ts";
import { networks } from "./harness/network-namespace.ts";
import { makeMultiFile, makeSingleFile, type Payload } from "./harness/payload.ts";
import { BT_SCRIPT, KIBI, LARGE, MEBI, REFERENCE } from "./harness/settings.ts";
import { peerKinds } from "./peers/peer-kinds.ts";
import { opentracker } from "./trackers/opentracker.ts";
import { redisServer } from "./trackers/redis.ts";

export interface Payloads {
  readonly single: Payload;
  /** Smaller than `single` in large runs. */
  readonly singleForTransmission: Payload;
  readonly multi: Payload;
}

declare module "vitest" {
  interface ProvidedContext {
    payloads: Payloads;
  }
}

/** Once per run: installs missing clients, makes the payloads that all tests share (and only read). */
export default async function setup(project: TestProject): Promise<() => void> {
  if (!REFERENCE && !existsSync(BT_SCRIPT))
    throw new Error(`${BT_SCRIPT} does not exist: build it first (npm run build)`);
  installMissing([...peerKinds, opentracker, redisServer, networks]);
  const directory = mkdtempSync(path.join(tmpdir(), "bt-interop-payload-"));
  const folder = (name: string): string => {
    const made = path.join(directory, name);
    mkdirSync(made);
    return made;
  };
  const single = LARGE
    ? await makeSingleFile(folder("single"), 1_024 * MEBI + 12_345, MEBI)
    : await makeSingleFile(folder("single"), 32 * MEBI + 12_345, 256 * KIBI);
  const singleForTransmission = LARGE
    ? await makeSingleFile(folder("single-transmission"), 128 * MEBI + 12_345, MEBI)
    : single;
  project.provide("payloads", { single, singleForTransmission, multi: await makeMultiFile(folder("multi")) });
  return () => {
    rmSync(directory, { recursive: true, force: true });
  };
}
