import fc from "fast-check";
import type { Encodable } from "@bt/bencode";

const anyBytes = fc.uint8Array({ maxLength: 40 });
/** Keys as bytes, so that they need not be UTF-8; distinct by content. */
const anyKey = fc.oneof(
  anyBytes,
  fc.constantFrom("__proto__", "constructor", "a", "length", "é").map((key) => Buffer.from(key)),
);

/** Any value that bencode can hold. */
export const anyEncodable: fc.Arbitrary<Encodable> = fc.letrec<{ value: Encodable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }),
    fc.maxSafeInteger(),
    anyBytes,
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(anyKey, tie("value")), {
        maxLength: 5,
        selector: ([key]) => Buffer.from(key).toString("hex"),
      })
      .map((entries) => new Map(entries)),
  ),
})).value;
