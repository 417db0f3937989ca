import { expect, it } from "vitest";
import { ListedSwarms } from "../src/listed-swarms.ts";

it("lists a swarm at its first announce and then four times in a lifetime, and never counts a living one as dead", () => {
  const listed = new ListedSwarms(1_000);
  let listedAt = -Infinity;
  const times: number[] = [];
  for (let now = 0; now < 2_000; now += 10) {
    if (listed.isDue("a", now)) times.push((listedAt = now));
    // Its lifetime begins anew with each announce: until a lifetime later it lives.
    expect(listed.deadBefore(now + 1_000)).toBeLessThanOrEqual(listedAt);
  }
  expect(times).toEqual([0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750]);
});

it("lists again when the clock was set back, and when Redis may have lost the list", () => {
  const listed = new ListedSwarms(1_000);
  expect(listed.isDue("a", 5_000)).toBe(true);
  expect(listed.isDue("a", 4_000)).toBe(true);
  expect(listed.isDue("a", 4_001)).toBe(false);
  listed.clear();
  expect(listed.isDue("a", 4_002)).toBe(true);
});

it("remembers 65,536 swarms at most", () => {
  const listed = new ListedSwarms(1_000);
  for (let n = 0; n <= 65_536; n++) expect(listed.isDue(String(n), 0)).toBe(true);
  expect(listed.isDue("65536", 0)).toBe(false);
  expect(listed.isDue("0", 0)).toBe(true);
});
