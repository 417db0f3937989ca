/**
 * What every implementation of `TorrentStorage` has to do, as cases that any test runner can run:
 *
 * ```ts
 * import { storageConformance } from "@bt/storage/conformance";
 *
 * for (const { name, run } of storageConformance({ create: (metainfo) => new MyStorage(metainfo) })) test(name, run);
 * ```
 *
 * @packageDocumentation
 */
export { storageConformance, type ConformanceCase, type ConformanceHarness } from "./io/conformance.ts";
