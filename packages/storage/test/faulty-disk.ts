import { NODE_DISK, type Disk } from "@bt/storage";

export type DiskCall = keyof Disk;

export interface CallRecord {
  readonly call: DiskCall;
  readonly path: string;
}

/** What a call is to do instead of its work: fail with a system code, or nothing ever again, as in a killed process. */
export type Fault = { readonly code: string } | "dead" | undefined;

/** The real disk, except for what `faultAt` says of the n-th call (from 0). Calls are recorded. */
export function faultyDisk(faultAt: (n: number, record: CallRecord) => Fault): {
  disk: Disk;
  records: CallRecord[];
  /** Resolves when a call was answered with "dead" and those before it have ended. */
  death: Promise<void>;
} {
  const records: CallRecord[] = [];
  const paths = new Map<number, string>();
  let isDead = false;
  let underWayCount = 0;
  let reportDeath!: () => void;
  const death = new Promise<void>((resolve) => (reportDeath = resolve));
  const wrap = (call: DiskCall) => {
    return (...args: unknown[]): void => {
      const done = args.at(-1) as (error: Error | null, value?: unknown) => void;
      const path = typeof args[0] === "string" ? args[0] : (paths.get(args[0] as number) ?? "?");
      const record = { call, path };
      const fault = isDead ? "dead" : faultAt(records.length, record);
      records.push(record);
      if (fault === "dead") {
        isDead = true;
        if (underWayCount === 0) reportDeath();
        return;
      }
      if (fault !== undefined) {
        setImmediate(() => done(Object.assign(new Error(`${fault.code}: planted`), { code: fault.code })));
        return;
      }
      underWayCount++;
      const report = (error: Error | null, value?: unknown): void => {
        underWayCount--;
        if (isDead && underWayCount === 0) reportDeath();
        if (error === null && call === "open") paths.set(value as number, path);
        done(error, value);
      };
      (NODE_DISK[call] as (...all: unknown[]) => void)(...args.slice(0, -1), report);
    };
  };
  const disk = Object.fromEntries((Object.keys(NODE_DISK) as DiskCall[]).map((call) => [call, wrap(call)]));
  return { disk: disk as unknown as Disk, records, death };
}
