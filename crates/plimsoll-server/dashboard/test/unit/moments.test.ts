import { expect, it } from "vitest";
import { age, clock, hour, shortAge } from "../../src/words/moments";

const N = "\u00a0";

it("ages are told in the unit that fits", () => {
  expect([0.3, 1, 40, 61, 34 * 60, 119 * 60, 5 * 3_600, 72 * 3_600].map(age)).toEqual([
    `1${N}second`,
    `1${N}second`,
    `40${N}seconds`,
    `1${N}minute`,
    `34${N}minutes`,
    `119${N}minutes`,
    `5${N}hours`,
    `3${N}days`,
  ]);
  expect([40, 34 * 60, 5 * 3_600].map(shortAge)).toEqual([`40${N}s`, `34${N}min`, `5${N}h`]);
});

it("a moment of another day names the day", () => {
  const now = new Date(2026, 10, 27, 14, 32, 10).getTime();
  expect(clock(now)).toBe("14:32:10");
  expect(hour(now, now)).toBe("14:32");
  expect(hour(new Date(2026, 10, 26, 9, 5).getTime(), now)).toBe(`26${N}Nov${N}09:05`);
});
