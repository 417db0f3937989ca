/** A stream that the command writes to: standard output or standard error. */
export interface OutputStream {
  readonly isTTY: boolean;
  /** Width of the terminal in cells; 80 where there is none. Asked anew at each drawing. */
  columns(): number;
  /** Height of the terminal in lines; 24 where there is none. */
  rows(): number;
  write(data: string | Uint8Array): void;
}

export type StopSignal = "SIGINT" | "SIGTERM";

/** All that a command may touch of the process it runs in. Tests bring their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths are below this folder. */
  readonly cwd: string;
  /** Calls back at each Ctrl-C or termination signal. */
  onSignal(listener: (signal: StopSignal) => void): void;
  /** Calls back once when nobody reads standard output any more. */
  onOutputClosed(listener: () => void): void;
  /** Ends the process at once. */
  exitNow(code: number): void;
}
