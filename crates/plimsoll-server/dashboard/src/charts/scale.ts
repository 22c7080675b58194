// Scales and the marks on their axes.
import { BYTES_STEP } from "../words/numbers";

/** Bounds of a log scale that hold all values: 1, 3, 10, 30, 100… of the unit. */
export function logBounds(values: Iterable<number | null>, floor: number): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) {
    if (value === null || value <= 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) return [floor, floor * 100];
  const from = Math.max(floor, halfDecade(low, Math.floor));
  return [from, Math.max(from * 10, halfDecade(high * 1.05, Math.ceil))];
}

function halfDecade(value: number, round: (value: number) => number): number {
  const halves = round(2 * Math.log10(value) - (round === Math.floor ? -1e-9 : 1e-9));
  const decade = 10 ** Math.floor(halves / 2);
  return halves % 2 === 0 ? decade : 3 * decade;
}

/** 1, 3, 10, 30… between two bounds. */
export function logTicks(from: number, to: number): number[] {
  const ticks: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(from)); decade <= to * 1.001; decade *= 10) {
    for (const tick of [decade, 3 * decade]) {
      if (tick >= from * 0.999 && tick <= to * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

/** A round number that is not less: the top of a linear scale. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 4, 5, 8, 10].find((factor) => factor * decade >= value * 0.999) ?? 10) * decade;
}

/** The same of bytes, in units of 1,024: the top is a round number, and the half of it too. */
export function roundUpBytes(value: number): number {
  const unit = value > 1 ? BYTES_STEP ** Math.floor(Math.log(value) / Math.log(BYTES_STEP)) : 1;
  const size = value / unit;
  const round = size <= 1 ? 1 : size <= 10 ? 2 * Math.ceil(size / 2) : Math.min(BYTES_STEP, roundUp(size));
  return round * unit;
}

/** Labels at wanted heights, moved apart so that none touch; in the order that they came in. */
export function apart(wanted: readonly number[], distance: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed: number[] = wanted.map(() => 0);
  let last = top - distance;
  for (const index of order) {
    last = Math.max(last + distance, wanted[index] ?? 0);
    placed[index] = last;
  }
  // What ran out at the bottom goes up again.
  let next = bottom + distance;
  for (const index of order.toReversed()) {
    next = Math.min(next - distance, placed[index] ?? 0);
    placed[index] = next;
  }
  return placed;
}
