/** One option of a command: how it is written, what it means, how its text becomes a value. */
export interface OptionSpec<T> {
  /** As in the help: `-o, --out <dir>`. */
  readonly flags: string;
  readonly help: string;
  /** What the option is when neither the arguments nor the environment name it. */
  readonly initial: T;
  /** Absent for a switch, which takes no text. */
  readonly parse?: (text: string) => unknown;
  /** May be given several times; its values are gathered in order. */
  readonly repeatable: boolean;
  /** Understood, but left out of the help. */
  readonly hidden: boolean;
  /** No `BT_…` variable stands for it. */
  readonly argumentOnly?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values that a table of options yields. Keys are the long flags in camel case. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends OptionSpec<infer T> ? T : never;
};

/** `--seed`: there or not. */
export function switchOption(flags: string, help: string): OptionSpec<boolean> {
  return { flags, help, initial: false, repeatable: false, hidden: false };
}

/** `--port <n>`. */
export function valueOption<T>(
  flags: string,
  help: string,
  parse: (text: string) => T,
  options: { hidden?: boolean } = {},
): OptionSpec<T | undefined> {
  return { flags, help, initial: undefined, parse, repeatable: false, hidden: options.hidden ?? false };
}

/** `--peer <host:port>`, several times. */
export function listOption<T>(
  flags: string,
  help: string,
  parse: (text: string) => T,
): OptionSpec<readonly T[]> {
  return { flags, help, initial: [], parse, repeatable: true, hidden: false };
}

/** The same options, but no `BT_…` variables stand for them. */
export function argumentsOnly<const Table extends OptionTable>(table: Table): Table {
  const entries = Object.entries(table).map(([key, spec]) => [key, { ...spec, argumentOnly: true }]);
  return Object.fromEntries(entries) as Table;
}

/** Any text but the empty one. */
export function parseText(text: string): string {
  return text;
}

/** The long flag without its dashes: `max-down`. */
export function longName(spec: OptionSpec<unknown>): string {
  return /--([a-z0-9-]+)/.exec(spec.flags)![1]!;
}

/** The environment variable that stands for an option: `BT_MAX_DOWN`. */
export function variableName(spec: OptionSpec<unknown>): string {
  return `BT_${longName(spec).toUpperCase().replaceAll("-", "_")}`;
}
