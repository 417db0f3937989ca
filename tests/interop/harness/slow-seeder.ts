import { startBt, type BtProcess } from "./bt-process.ts";
import { freeEndpoint, type Endpoint } from "./endpoint.ts";
import type { Scope } from "./scope.ts";
import { waitUntil } from "./wait-until.ts";

/** `bt seed` with a limited rate, ready to serve. It asks no tracker unless `extra` says so. */
export async function startSlowSeeder(
  scope: Scope,
  torrentPath: string,
  directory: string,
  rate: string,
  extra: readonly string[] = ["--no-trackers"],
): Promise<Endpoint & { readonly process: BtProcess }> {
  const endpoint = await freeEndpoint();
  const process = await startBt(scope, [
    ...["seed", torrentPath, "--data", directory],
    ...["--bind", endpoint.host, "--port", String(endpoint.port)],
    ...["--max-up", rate, "--json"],
    ...extra,
  ]);
  const { child } = process;
  const isSeeding = (): boolean => {
    if (child.status !== undefined) throw new Error(`bt seed ended\n${child.tail}`);
    return process.events("seeding").length > 0;
  };
  await waitUntil("bt seeds", 20_000, isSeeding, () => child.tail);
  return { ...endpoint, process };
}
