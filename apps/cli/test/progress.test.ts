import { describe, expect, it } from "vitest";
import { HumanView } from "../src/output/human-view.ts";
import { plainProgressLine, progressLine } from "../src/output/progress-line.ts";
import { styleFor } from "../src/output/style.ts";
import { textWidth } from "../src/output/text-width.ts";
import type { ProgressFacts, ProgressRow } from "../src/output/transfer-event.ts";
import { FakeStream } from "./support/fake-io.ts";
import { Screen } from "./support/screen.ts";

const MIB = 1024 * 1024;

function row(facts: Partial<ProgressFacts> = {}, rest: Partial<ProgressRow> = {}): ProgressRow {
  return {
    name: "debian.iso",
    state: "downloading",
    checkedFraction: 1,
    facts: {
      infoHash: "ab".repeat(20),
      downloaded: 12 * MIB,
      total: 64 * MIB,
      uploaded: 0,
      downRate: 3 * MIB,
      upRate: 0,
      peers: 5,
      seeds: 2,
      etaSeconds: 18,
      ...facts,
    },
    ...rest,
  };
}

const plain = styleFor(new FakeStream(false, 80, 24), {}, true);

function view(stream: FakeStream, options: { quiet?: boolean; verbose?: boolean } = {}): HumanView {
  return new HumanView(stream, {
    style: plain,
    quiet: options.quiet ?? false,
    verbose: options.verbose ?? false,
  });
}

function screenOf(stream: FakeStream): string[] {
  const screen = new Screen(stream.width);
  screen.write(stream.text);
  return screen.lines;
}

describe("a line of the progress display", () => {
  it("shows percent, done and total, rates, time left and peers", () => {
    const line = progressLine(row({ uploaded: MIB, upRate: 2048 }), 140, plain);
    for (const part of [
      "debian.iso",
      "18%",
      "12.0/64.0 MiB",
      "↓ 3.0 MiB/s",
      "↑ 2.0 KiB/s",
      "ETA 18s",
      "5 peers (2 seeds)",
    ]) {
      expect(line).toContain(part);
    }
    expect(line).toMatch(/━+─+/);
  });

  it("fits into every width, and keeps the percent as long as it can", () => {
    for (let width = 1; width <= 200; width++) {
      const line = progressLine(row({}, { name: "読んでね ".repeat(10) }), width, plain);
      expect(textWidth(line)).toBeLessThanOrEqual(width);
      if (width >= 20) expect(line).toContain("18%");
    }
  });

  it("escapes names that would steer the terminal", () => {
    expect(progressLine(row({}, { name: "a\u001b]0;x\u0007b" }), 100, plain)).not.toMatch(/[\u0007\u001b]/);
  });

  it("says when existing data is checked, and when it seeds", () => {
    expect(progressLine(row({}, { state: "checking", checkedFraction: 0.5 }), 100, plain)).toMatch(
      /50% {2}checking/,
    );
    expect(progressLine(row({ uploaded: MIB }, { state: "seeding" }), 100, plain)).toMatch(
      /seeding.*1\.0 MiB uploaded/,
    );
  });

  it("leaves the time out when it cannot be told", () => {
    expect(progressLine(row({ etaSeconds: null }), 120, plain)).not.toContain("ETA");
    expect(plainProgressLine(row({ etaSeconds: null }))).not.toContain("ETA");
  });
});

describe("on a terminal", () => {
  it("one line per torrent is drawn again in place", () => {
    const stream = new FakeStream(true, 100, 24);
    const display = view(stream);
    display.progress([row(), row({}, { name: "other" })], 0);
    display.progress([row({ downloaded: 32 * MIB }), row({ downloaded: 64 * MIB }, { name: "other" })], 200);
    const lines = screenOf(stream);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^debian.iso .* 50% /);
    expect(lines[1]).toMatch(/^other .* 100% /);
  });

  it("messages stay above it", () => {
    const stream = new FakeStream(true, 100, 24);
    const display = view(stream);
    display.progress([row()], 0);
    display.emit({ event: "warning", infoHash: null, code: "X", message: "no answer" });
    display.progress([row({ downloaded: 64 * MIB })], 200);
    expect(screenOf(stream)).toEqual(["warning: no answer", expect.stringMatching(/100%/)]);
  });

  it("is clean after the end", () => {
    const stream = new FakeStream(true, 100, 24);
    const display = view(stream);
    display.progress([row(), row()], 0);
    display.close();
    display.emit({
      event: "complete",
      infoHash: "",
      name: "x",
      totalLength: 1,
      receivedLength: 1,
      seconds: 1,
    });
    expect(screenOf(stream)).toEqual(["complete: x, 1 B in 1.0s (1 B/s)"]);
  });

  it("survives a terminal that became narrower", () => {
    const stream = new FakeStream(true, 100, 24);
    const display = view(stream);
    display.progress([row()], 0);
    const wide = stream.text;
    stream.width = 40;
    stream.chunks.length = 0;
    display.progress([row()], 200);
    // The terminal wraps what was drawn at 100 columns; then comes the new drawing.
    const screen = new Screen(40);
    screen.write(wide + stream.text);
    expect(screen.lines).toHaveLength(1);
  });

  it("counts the torrents that the terminal has no lines for", () => {
    const stream = new FakeStream(true, 100, 4);
    const display = view(stream);
    display.progress(
      Array.from({ length: 10 }, () => row()),
      0,
    );
    expect(screenOf(stream)).toHaveLength(3);
    expect(screenOf(stream).at(-1)).toBe("… and 8 more");
  });

  it("draws again only when a row is another one, or the terminal is", () => {
    const stream = new FakeStream(true, 80, 24);
    const display = view(stream);
    const rows = [row({}, { state: "seeding" })];
    display.progress(rows, 0);
    const { length } = stream.text;
    display.progress(rows, 200);
    expect(stream.text.length).toBe(length);
    stream.width = 60;
    display.progress(rows, 400);
    expect(stream.text.length).toBeGreaterThan(length);
    const before = stream.text.length;
    display.progress([row({ uploaded: 1 }, { state: "seeding" })], 600);
    expect(stream.text.length).toBeGreaterThan(before);
  });
});

describe("into a pipe", () => {
  function linesOf(fractions: readonly number[], stepMs: number): string[] {
    const stream = new FakeStream(false, 80, 24);
    const display = view(stream);
    fractions.forEach((fraction, index) => {
      display.progress([row({ downloaded: Math.round(fraction * 64 * MIB) })], index * stepMs);
    });
    return stream.text.split("\n").filter((line) => line !== "");
  }

  it("a line comes for every 5 %", () => {
    const fractions = Array.from({ length: 101 }, (_, percent) => percent / 100);
    expect(linesOf(fractions, 1)).toHaveLength(20);
  });

  it("a line comes every 10 seconds", () => {
    expect(linesOf(Array<number>(61).fill(0.5), 1_000)).toHaveLength(6);
  });

  it("nothing is there that only a terminal understands", () => {
    const stream = new FakeStream(false, 80, 24);
    const display = view(stream);
    display.progress([row({ downloaded: 0 })], 0);
    display.emit({
      event: "metadata",
      infoHash: "x",
      infoHashV2: null,
      name: "n",
      totalLength: 5,
      pieceCount: 1,
    });
    display.progress([row()], 20_000);
    display.say("text");
    display.close();
    expect(stream.text).not.toMatch(/[\r\u001b]/);
    expect(stream.text).toBe(
      "n: 5 B, 1 piece\ndebian.iso: 18%, 12.0/64.0 MiB, down 3.0 MiB/s, up 0 B/s, ETA 18s, 5 peers (2 seeds)\ntext\n",
    );
  });

  it("a seed with nothing to do is silent", () => {
    const stream = new FakeStream(false, 80, 24);
    const display = view(stream);
    for (let second = 0; second < 600; second++)
      display.progress([row({}, { state: "seeding" })], second * 1_000);
    expect(stream.text).toBe("");
  });
});

describe("--quiet", () => {
  it.each([true, false])("leaves only errors (terminal: %s)", (isTTY) => {
    const stream = new FakeStream(isTTY, 80, 24);
    const display = view(stream, { quiet: true });
    display.progress([row()], 0);
    display.emit({ event: "warning", infoHash: null, code: "X", message: "w" });
    display.say("text");
    display.emit({ event: "error", infoHash: null, code: "X", message: "broken" });
    display.close();
    expect(stream.text).toBe("bt: broken\n");
  });
});
