import { usageFailure } from "../failure.ts";

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]+$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) {
      throw usageFailure(`"${text}" is not ${what}; give a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** A port to listen on; 0 lets the system choose. */
export const parsePort: (text: string) => number = wholeNumber("a port", 0, 65_535);

/** A share ratio such as 1.5: uploaded bytes over the torrent's size; more than 0. */
export function parseRatio(text: string): number {
  const ratio = /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) ? Number(text) : NaN;
  if (!(ratio > 0)) throw usageFailure(`"${text}" is not a ratio; give a number above 0, for example 1.5`);
  return ratio;
}
