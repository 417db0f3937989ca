import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import { EXIT } from "../src/exit-codes.ts";
import { COMMON_OPTIONS } from "../src/options/output-options.ts";
import { runBt } from "./support/run-bt.ts";
import { writePayload } from "./support/swarm.ts";
import { tempFolder } from "./support/temp-folder.ts";

const REFERENCE = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");
const README = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

function section(title: RegExp): string {
  const found = REFERENCE.split(/^## /m).find((part) => title.test(part));
  if (found === undefined) throw new Error(`no section ${String(title)}`);
  return found;
}

describe("docs/cli.md", () => {
  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    "describes exactly the options of %s",
    async (name, entry) => {
      const command = await entry.load();
      const text = section(new RegExp(`^\`bt ${name}\\b`));
      const documented = [...text.matchAll(/^\| (`-.+?`) +\|/gm)].map(([, cell]) =>
        cell!.replaceAll("`", ""),
      );
      expect(documented.sort()).toEqual(
        Object.values(command.options)
          .map(({ flags }) => flags)
          .sort(),
      );
      const { out } = await runBt([name, "--help"]);
      for (const flags of documented) expect(out).toContain(flags);
    },
  );

  it("describes the options of every command", () => {
    const text = section(/^Options of every command/).replaceAll("`", "");
    for (const { flags } of Object.values(COMMON_OPTIONS)) expect(text).toContain(`| ${flags}`);
  });

  it("lists every exit status", () => {
    const text = section(/^Exit status/);
    for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^\\| ${code} +\\|`, "m"));
  });
});

describe("the README", () => {
  it("shows commands that work", async () => {
    const cwd = tempFolder();
    writePayload(cwd, { "album/a.bin": 1_000 });
    const commands = [...README.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) =>
      block!.trim().split("\n"),
    );
    expect(commands.length).toBeGreaterThan(3);
    for (const line of commands) {
      const [program, ...args] = line.split(" ");
      expect(program).toBe("bt");
      expect(await runBt(args, { cwd })).toMatchObject({ code: 0 });
    }
  });
});
