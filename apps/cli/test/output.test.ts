import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, formatJson } from "../src/output/escape.ts";
import { textWidth, truncateText } from "../src/output/text-width.ts";
import {
  formatDuration,
  formatFraction,
  formatLength,
  formatPercent,
  formatRate,
} from "../src/output/units.ts";
import { styleFor } from "../src/output/style.ts";
import { FakeStream } from "./support/fake-io.ts";

describe("text from outside", () => {
  it("is shown with control and bidi characters escaped", () => {
    expect(escapeText("a\u001b[2Jb\rc\u202egpj.exe\u0085")).toBe(
      "a\\u{1b}[2Jb\\u{d}c\\u{202e}gpj.exe\\u{85}",
    );
    expect(escapeText("\ud800x")).toBe("\\u{d800}x");
  });

  it("keeps what is only foreign", () => {
    for (const text of ["Übung", "読んでね", "عربي", "👩‍🚀"]) expect(escapeText(text)).toBe(text);
  });

  it("never lets a control character through, in text or in JSON", () => {
    const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        return !control.test(escapeText(text)) && !control.test(formatJson({ [text]: text }));
      }),
    );
  });

  it("loses nothing in JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(JSON.parse(formatJson([text]))).toEqual([text]);
      }),
    );
  });
});

describe("units", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [1_048_575, "1.0 MiB"],
    [67_108_864, "64.0 MiB"],
    [5 * 1024 ** 4, "5.0 TiB"],
  ])("%i bytes read as %s", (length, text) => {
    expect(formatLength(length)).toBe(text);
  });

  it("names a unit once where two lengths share it", () => {
    expect(formatFraction(12_582_912, 67_108_864)).toBe("12.0/64.0 MiB");
    expect(formatFraction(0, 67_108_864)).toBe("0 B/64.0 MiB");
  });

  it("never rounds up to 100 %", () => {
    expect(formatPercent(999_999, 1_000_000)).toBe("99%");
    expect(formatPercent(1, 1)).toBe("100%");
    expect(formatPercent(0, 0)).toBe("100%");
  });

  it.each([
    [0, "0s"],
    [59, "59s"],
    [60, "1m00s"],
    [3_599, "59m59s"],
    [3_600, "1h00m"],
    [90_061, "1d1h"],
  ])("%i seconds read as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("shows rates per second", () => {
    expect(formatRate(3_250_585.6)).toBe("3.1 MiB/s");
  });
});

describe("widths", () => {
  it("counts cells, not characters", () => {
    expect(textWidth("abc")).toBe(3);
    expect(textWidth("読んで")).toBe(6);
    expect(textWidth("e\u0301")).toBe(1);
  });

  it("cuts to a width and says so", () => {
    expect(truncateText("abcdef", 6)).toBe("abcdef");
    expect(truncateText("abcdefg", 6)).toBe("abcde…");
    expect(truncateText("読んでね", 5)).toBe("読ん…");
  });

  it("never exceeds the width", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (text, width) => {
        expect(textWidth(truncateText(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("colors", () => {
  const terminal = new FakeStream(true, 80, 24);
  const pipe = new FakeStream(false, 80, 24);

  it.each([
    ["a terminal", terminal, {}, false, true],
    ["a pipe", pipe, {}, false, false],
    ["a dumb terminal", terminal, { TERM: "dumb" }, false, false],
    ["a terminal with NO_COLOR", terminal, { NO_COLOR: "1" }, false, false],
    ["a terminal with an empty NO_COLOR", terminal, { NO_COLOR: "" }, false, true],
    ["a pipe with FORCE_COLOR", pipe, { FORCE_COLOR: "1" }, false, true],
    ["a terminal with FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, false, false],
    ["NO_COLOR against FORCE_COLOR", terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, false, false],
    ["--no-color against FORCE_COLOR", terminal, { FORCE_COLOR: "1" }, true, false],
  ])("for %s", (_, stream, env, noColor, enabled) => {
    const style = styleFor(stream, env, noColor);
    expect(style.enabled).toBe(enabled);
    expect(style.red("x") === "x").toBe(!enabled);
  });
});
