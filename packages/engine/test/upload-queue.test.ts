import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UploadQueue } from "../src/core/upload-queue.ts";

describe("UploadQueue", () => {
  it("serves first come first served, through growth, cancels and wrap-around", () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), key: fc.nat(1_000) }),
      fc.record({ kind: fc.constant("push" as const), key: fc.nat(1_000) }),
      fc.record({ kind: fc.constant("shift" as const), key: fc.constant(0) }),
      fc.record({ kind: fc.constant("remove" as const), key: fc.nat(1_000) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
        const queue = new UploadQueue();
        const model: number[] = [];
        const request = { piece: -1, offset: -1, length: -1 };
        for (const { kind, key } of commands) {
          if (kind === "push") {
            queue.push(key, key * 2, key * 3);
            model.push(key);
          } else if (kind === "remove") {
            const at = model.indexOf(key);
            expect(queue.remove(key, key * 2, key * 3)).toBe(at >= 0);
            if (at >= 0) model.splice(at, 1);
          } else {
            queue.shift();
            model.shift();
          }
          expect(queue.count).toBe(model.length);
          expect(queue.peek(request)).toBe(model.length > 0);
          if (model.length > 0)
            expect(request).toEqual({ piece: model[0]!, offset: model[0]! * 2, length: model[0]! * 3 });
        }
      }),
    );
  });

  it("holds numbers beyond 32 bits", () => {
    const queue = new UploadQueue();
    queue.push(4_294_967_295, 5_000_000_000, 16_384);
    const request = { piece: 0, offset: 0, length: 0 };
    queue.peek(request);
    expect(request.offset).toBe(5_000_000_000);
  });
});
