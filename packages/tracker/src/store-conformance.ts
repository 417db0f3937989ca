/**
 * What every `SwarmStore` must do, as cases to run in any test runner: those of `MemorySwarmStore` and of `@bt/tracker-redis` run
 * them, and so can yours.
 *
 * ```ts
 * import { SWARM_STORE_CASES } from "@bt/tracker/store-conformance";
 *
 * for (const { name, run } of SWARM_STORE_CASES) it(name, () => run(openMyStore));
 * ```
 *
 * @packageDocumentation
 */
export { SWARM_STORE_CASES, type StoreBench, type StoreCase } from "./server/store-cases.ts";
