import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import { nearestWord } from "../src/did-you-mean.ts";
import { runBt } from "./support/run-bt.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("bt", () => {
  it("shows its commands on --help, and on help", async () => {
    for (const args of [["--help"], ["-h"], ["help"]]) {
      const { code, out, err } = await runBt(args);
      expect([code, err]).toEqual([0, ""]);
      for (const { usage } of COMMANDS) expect(out).toContain(usage);
    }
  });

  it("without arguments is a usage error that shows the commands on standard error", async () => {
    const { code, out, err } = await runBt([]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: bt");
  });

  it("prints its version", async () => {
    for (const flag of ["--version", "-V"]) {
      const { code, out } = await runBt([flag]);
      expect(code).toBe(0);
      expect(out).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+\S*\n$/);
    }
  });

  it.each(COMMANDS.map(({ name }) => name))("has help for %s", async (name) => {
    for (const args of [
      [name, "--help"],
      ["help", name],
    ]) {
      const { code, out, err } = await runBt(args);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toContain(`Usage: bt ${name}`);
      expect(out).toContain("Examples:");
    }
  });

  it("suggests the command that was meant", async () => {
    const { code, err } = await runBt(["donwload", "x.torrent"], { cwd: tempFolder() });
    expect(code).toBe(2);
    expect(err).toBe('bt: "donwload" is neither a command nor a file; did you mean bt download?\n');
    expect((await runBt(["help", "vreify"])).err).toContain("did you mean bt verify?");
  });

  it("takes a first word that looks like a file as a source", async () => {
    const { code, err } = await runBt(["nothing.torrent"], { cwd: tempFolder() });
    expect(code).toBe(3);
    expect(err).toBe("bt: cannot read nothing.torrent: there is no such file or folder; check the path\n");
  });

  it("takes flags before the command, and options before a source", async () => {
    expect((await runBt(["-q", "info", "nothing.torrent"], { cwd: tempFolder() })).code).toBe(3);
    expect((await runBt(["--max-down", "1M", "nothing.torrent"], { cwd: tempFolder() })).code).toBe(3);
  });

  it("shows where an error came from with -v only", async () => {
    const cwd = tempFolder();
    expect((await runBt(["info", "x.torrent"], { cwd })).err.split("\n")).toHaveLength(2);
    expect((await runBt(["info", "x.torrent", "-v"], { cwd })).err).toMatch(
      /\n {4}at .*\ncaused by .*ENOENT/s,
    );
  });
});

describe("the nearest word", () => {
  const words = ["download", "seed", "info"];

  it.each([
    ["donwload", "download"],
    ["downlaod", "download"],
    ["sed", "seed"],
    ["inof", "info"],
    ["xyz", undefined],
    ["a", undefined],
  ])("to %s is %s", (typed, meant) => {
    expect(nearestWord(typed, words)).toBe(meant);
  });
});
