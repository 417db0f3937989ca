const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `0 B`, `900 B`, `1.5 KiB`, `64.0 MiB`: three significant digits or so, in steps of 1024. */
export function formatLength(length: number): string {
  const { value, unit } = scale(length);
  return `${value} ${unit}`;
}

/** `12.0/64.0 MiB`, or `900 KiB/1.2 GiB` where the units differ. */
export function formatFraction(done: number, total: number): string {
  const a = scale(done);
  const b = scale(total);
  return a.unit === b.unit ? `${a.value}/${b.value} ${b.unit}` : `${a.value} ${a.unit}/${b.value} ${b.unit}`;
}

/** `3.1 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatLength(Math.max(0, Math.round(bytesPerSecond)))}/s`;
}

/** `0s`, `42s`, `2m05s`, `3h20m`, `4d6h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h${pad(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${Math.floor(whole / 3_600) % 24}h`;
}

/** Percent, rounded down: 100 is shown only when all is there. */
export function formatPercent(done: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((done / total) * 100)}%`;
}

/** `1 file`, `3 files`. */
export function formatCount(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function scale(length: number): { value: string; unit: string } {
  let value = length;
  let step = 0;
  // 1023.95 would be printed as 1024.0
  while (value >= (step === 0 ? 1024 : 1023.95) && step < UNITS.length - 1) {
    value /= 1024;
    step++;
  }
  return { value: step === 0 ? String(Math.round(value)) : value.toFixed(1), unit: UNITS[step]! };
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
