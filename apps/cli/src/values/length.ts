import { usageFailure } from "../failure.ts";

const POWERS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes that `2M`, `1.5G`, `64KiB` or `300` name; every suffix counts in steps of 1024, with or without B or iB. */
export function parseLength(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const length = match === null ? NaN : Math.round(Number(match[1]) * POWERS[match[2]!.toLowerCase()]!);
  if (!Number.isSafeInteger(length))
    throw usageFailure(`"${text}" is not a size; write for example 300, 64K, 2M or 1.5G`);
  return length;
}

/** Bytes per second that `500K`, `2M` or `2MiB/s` name; 0 means no limit and becomes `Infinity`. */
export function parseRate(text: string): number {
  let rate: number;
  try {
    rate = parseLength(text.trim().replace(/\/s$/i, ""));
  } catch {
    throw usageFailure(
      `"${text}" is not a rate; write bytes a second, for example 500K or 2M, or 0 for no limit`,
    );
  }
  return rate === 0 ? Infinity : rate;
}

/** Less than this a session cannot keep to; the engine has the same number. */
const LEAST_MEMORY_LENGTH = 64 * 1024 ** 2;

/** Bytes of memory that a session shall keep to. */
export function parseMemory(text: string): number {
  const length = parseLength(text);
  if (length < LEAST_MEMORY_LENGTH) throw usageFailure(`"${text}" is too little memory; the least is 64M`);
  return length;
}
