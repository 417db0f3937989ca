import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestWindow } from "../src/core/request-window.ts";

describe("RequestWindow", () => {
  it("tells active, late and unknown requests apart", () => {
    const window = new RequestWindow(8);
    window.add(1, 0);
    window.add(1, 1);
    window.giveUpAll();
    window.add(2, 0);
    expect(window.count).toBe(1);
    expect(window.take(1, 1)).toBe("late");
    expect(window.take(2, 0)).toBe("active");
    expect(window.take(2, 0)).toBeUndefined();
    expect(window.has(1, 0)).toBe(true);
    expect(window.count).toBe(0);
  });

  it("keeps its active entries in order whatever is added, taken and given up", () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), key: fc.nat(30) }),
      fc.record({ kind: fc.constant("take" as const), key: fc.nat(30) }),
      fc.record({ kind: fc.constant("giveUp" as const), key: fc.nat(30) }),
      fc.record({ kind: fc.constant("giveUpAll" as const), key: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const window = new RequestWindow(16);
        let active: number[] = [];
        for (const { kind, key } of commands) {
          if (kind === "add" && !active.includes(key) && active.length < 16 && !window.has(key, key)) {
            window.add(key, key);
            active.push(key);
          } else if (kind === "take") {
            const was = active.includes(key);
            expect(window.take(key, key) === "active").toBe(was);
            active = active.filter((k) => k !== key);
          } else if (kind === "giveUp") {
            expect(window.giveUp(key, key)).toBe(active.includes(key));
            active = active.filter((k) => k !== key);
          } else if (kind === "giveUpAll") {
            window.giveUpAll();
            active = [];
          }
          const seen: number[] = [];
          window.forEachActive((piece) => seen.push(piece));
          expect(seen).toEqual(active);
          expect(window.count).toBe(active.length);
          expect(window.room).toBe(16 - active.length);
        }
      }),
    );
  });
});
