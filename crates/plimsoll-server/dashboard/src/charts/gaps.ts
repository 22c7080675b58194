// Where a line is interrupted.
import type { Values } from "../api/shapes";

export interface Gap {
  /** Index of the first step without a value. */
  from: number;
  /** Index after the last one. */
  to: number;
}

/** The gaps between values: what lies before the first or after the last is no gap in them. */
export function gapsOf(values: Values): Gap[] {
  const gaps: Gap[] = [];
  let last = -1;
  values.forEach((value, index) => {
    if (value === null) return;
    if (last >= 0 && index - last > 1) gaps.push({ from: last + 1, to: index });
    last = index;
  });
  return gaps;
}

/** "gap 6 min", of so many steps. */
export function gapSeconds(gap: Gap, stepSeconds: number): number {
  return (gap.to - gap.from) * stepSeconds;
}

/** The highest of several instances at each time, and how many there are. */
export function highest(
  times: readonly number[],
  instances: readonly { times: readonly number[]; values: Values }[],
): Values {
  const index = new Map(times.map((time, at) => [time, at]));
  const result: Values = times.map(() => null);
  for (const instance of instances) {
    instance.times.forEach((time, at) => {
      const place = index.get(time);
      const value = instance.values[at] ?? null;
      if (place === undefined || value === null) return;
      result[place] = Math.max(result[place] ?? Number.NEGATIVE_INFINITY, value);
    });
  }
  return result;
}

/** Every step from the first to the last time, so that missing ones are seen to be missing. */
export function filled(times: readonly number[], step: number): number[] {
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined || !(step > 0)) return [];
  return Array.from({ length: Math.round((last - first) / step) + 1 }, (_, at) => first + at * step);
}
