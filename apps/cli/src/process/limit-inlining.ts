import { setFlagsFromString } from "node:v8";

/** V8 14 and later were not tried, and it complains on standard error about a flag that it does not know. */
const NEWEST_V8_TRIED = 13;

/**
 * Has V8 inline a third of what it would by default, in functions that it optimises from now on. The functions of a
 * transfer call one another in deep chains, so that the same code was compiled many times over: with this limit the compiler's
 * threads cost 0.19 s of CPU instead of 0.31, whatever the size of a download, and the code is ready sooner (docs/performance.md).
 * A change of flags also makes V8 refuse the compiled code that Node brings for its own modules, so load those first.
 */
export function limitInlining(v8Version: string = process.versions.v8): boolean {
  if (!(Number.parseInt(v8Version, 10) <= NEWEST_V8_TRIED)) return false;
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=300");
  return true;
}
