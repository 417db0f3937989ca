// Random choices that a seed and an index make again, and changes to bytes, text and bencoded values: most inputs stay
// close to valid ones, so that they reach the code behind the first checks.

/** The choices of input `index` under `seed`: any input can be made again without those before it. */
export class Choices {
  #state;

  constructor(seed, index) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0;
    this.below(1);
    this.#state ^= Math.imul(this.#state >>> 15, 0x2c1b3c6d);
  }

  /** 0 to `count - 1` (mulberry32). */
  below(count) {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000) * count);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** True once in `count` times. */
  once(count) {
    return this.below(count) === 0;
  }

  bytes(length) {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const INTERESTING_BYTES = Uint8Array.from("0123456789:-ildex\0\xff\x7f\x80./\\", (c) => c.charCodeAt(0));
const INTERESTING_NUMBERS = [
  ...[0, 1, -1, 2, 20, 32, 255, 16_383, 16_384, 16_385, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 48 - 1],
  ...[
    2 ** 48,
    Number.MAX_SAFE_INTEGER,
    -Number.MAX_SAFE_INTEGER,
    2n ** 53n,
    2n ** 63n,
    -(2n ** 64n),
    10n ** 30n,
  ],
];

/** `bytes` after one to four changes. */
export function mutateBytes(choices, bytes, others) {
  let changed = bytes;
  for (let rest = 1 + choices.below(4); rest > 0; rest--) changed = mutateOnce(choices, changed, others);
  return changed;
}

function mutateOnce(choices, bytes, others) {
  const at = choices.below(bytes.length + 1);
  const length = choices.below(Math.min(32, bytes.length - at) + 1);
  switch (choices.below(8)) {
    case 0:
      return splice(bytes, at, length, new Uint8Array(0));
    case 1:
      return splice(bytes, at, 0, choices.bytes(1 + choices.below(8)));
    case 2: {
      const other = choices.pick(others);
      const from = choices.below(other.length);
      return splice(bytes, at, length, other.subarray(from, from + choices.below(64)));
    }
    case 3:
      return splice(bytes, at, 0, bytes.subarray(at, at + length));
    case 4: {
      const digits = `${choices.pick(INTERESTING_NUMBERS)}`;
      const start = bytes.findIndex((byte, i) => i >= at && byte >= 0x30 && byte <= 0x39);
      let end = start;
      while (bytes[end] >= 0x30 && bytes[end] <= 0x39) end++;
      return start < 0 ? bytes : splice(bytes, start, end - start, new TextEncoder().encode(digits));
    }
    default: {
      if (at === bytes.length) return bytes.subarray(0, choices.below(bytes.length + 1));
      const changed = bytes.slice();
      changed[at] = choices.once(3) ? changed[at] ^ (1 << choices.below(8)) : choices.pick(INTERESTING_BYTES);
      return changed;
    }
  }
}

function splice(bytes, at, length, inserted) {
  const changed = new Uint8Array(bytes.length - length + inserted.length);
  changed.set(bytes.subarray(0, at));
  changed.set(inserted, at);
  changed.set(bytes.subarray(at + length), at + inserted.length);
  return changed;
}

/** A value of any shape that bencode has a form for. */
export function anyValue(choices, depth = 4) {
  switch (choices.below(depth > 0 ? 6 : 4)) {
    case 0:
      return choices.pick(INTERESTING_NUMBERS);
    case 1:
      return choices.below(1_000_000) - 500_000;
    case 2:
      return choices.bytes(choices.pick([0, 1, 4, 20, 32, 64]));
    case 3:
      return choices.pick(["", ".", "..", "a", "name", "CON", "x/y", "http://t.example/a", "0:", "i0e"]);
    case 4:
      return Array.from({ length: choices.below(5) }, () => anyValue(choices, depth - 1));
    default: {
      const entries = Array.from({ length: choices.below(5) }, () => [
        choices.pick(["", "a", "b", "info", "path", "length", "attr", "é", "files"]),
        anyValue(choices, depth - 1),
      ]);
      return new Map(entries);
    }
  }
}

/** A copy of a tree of Maps, arrays, numbers and bytes in which one place is other than it was. */
export function mutateValue(choices, value) {
  const isContainer = value instanceof Map || Array.isArray(value);
  if (!isContainer || choices.once(6))
    return choices.once(12) ? anyValue(choices, 2) : mutateHere(choices, value);
  if (value instanceof Map) {
    if (value.size === 0) return mutateHere(choices, value);
    const key = choices.pick([...value.keys()]);
    return new Map(value).set(key, mutateValue(choices, value.get(key)));
  }
  if (value.length === 0) return mutateHere(choices, value);
  const at = choices.below(value.length);
  return value.map((item, i) => (i === at ? mutateValue(choices, item) : item));
}

function mutateHere(choices, value) {
  if (value instanceof Uint8Array) {
    if (value.length === 0) return choices.bytes(choices.below(40));
    return mutateBytes(choices, value, [value]);
  }
  if (value instanceof Map) {
    const changed = new Map(value);
    const key = choices.pick([...value.keys(), "a"]);
    if (choices.once(2)) changed.delete(key);
    else
      changed.set(
        choices.pick(["length", "attr", "symlink path", "pieces", "", "a", "A"]),
        value.get(key) ?? 0,
      );
    return changed;
  }
  if (Array.isArray(value)) {
    const at = choices.below(value.length + 1);
    const copy = value[choices.below(value.length)] ?? anyValue(choices, 1);
    return choices.once(2)
      ? (value.toSpliced?.(at, 1) ?? value.slice(at))
      : [...value.slice(0, at), copy, ...value.slice(at)];
  }
  if (choices.once(2)) return choices.pick(INTERESTING_NUMBERS);
  return typeof value === "number" ? value + choices.below(5) - 2 : 1;
}
