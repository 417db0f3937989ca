import { WireError } from "@bt/wire";

/** The `WireError` that `run` throws; anything else that it throws or does fails the test. */
export function faultOf(run: () => unknown): WireError {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}
