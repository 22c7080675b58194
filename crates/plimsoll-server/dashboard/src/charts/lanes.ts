// Deploys and alerts over the charts: where each stands, on which side its words, in which row.
import type { Zoom } from "../route/range";

export interface Lasting {
  id: string;
  /** Epoch milliseconds; equal for what is a moment. */
  from: number;
  to: number;
  /** The width of its words, pixels. */
  words: number;
}

export interface Placed<T> {
  of: T;
  row: number;
  /** Per cent of the period. */
  left: number;
  width: number;
  /** Where its words stand: left or right of it, or on it where neither has room. */
  side: "l" | "r" | "in";
}

/** More rows push the charts away. */
export const MOST_ROWS = 4;
/** Between a mark and its words, and between two of a row, pixels. */
const AIR = 8;
/** From here on words stand left of their mark. */
const RIGHT_THIRD = 200 / 3;

/** Per cent of the period that have passed at a time; what lies outside is at its end. */
export function across(time: number, period: Zoom): number {
  const share = ((time - period.from) / (period.to - period.from)) * 100;
  return Math.max(0, Math.min(100, share));
}

export function isWithin(one: { from: number; to: number }, period: Zoom): boolean {
  return one.to >= period.from && one.from <= period.to;
}

/** Places what lies in the period, in the order given; `left` are those for which no row has room. */
export function placed<T extends Lasting>(
  all: readonly T[],
  period: Zoom,
  pixels: number,
): { placed: Placed<T>[]; rows: number; left: T[] } {
  const result: Placed<T>[] = [];
  const left: T[] = [];
  const taken: [number, number][][] = [];
  for (const one of all) {
    if (!isWithin(one, period)) continue;
    const from = across(one.from, period);
    const width = across(one.to, period) - from;
    const [start, end] = [(from / 100) * pixels, ((from + width) / 100) * pixels];
    const side = sideOf(from, start, end, one.words, pixels);
    const extent: [number, number] = [
      side === "l" ? start - AIR - one.words : start,
      Math.max(end, side === "r" ? end + AIR + one.words : side === "in" ? start + AIR + one.words : end) + AIR,
    ];
    const row = [...taken, []].findIndex((others) => others.every(([a, b]) => extent[1] <= a || b <= extent[0]));
    if (row >= MOST_ROWS) {
      left.push(one);
      continue;
    }
    taken[row] = [...(taken[row] ?? []), extent];
    result.push({ of: one, row, left: from, width, side });
  }
  return { placed: result, rows: Math.max(1, taken.length), left };
}

function sideOf(from: number, start: number, end: number, words: number, pixels: number): Placed<Lasting>["side"] {
  const fitsLeft = start - AIR - words >= 0;
  const fitsRight = end + AIR + words <= pixels;
  const wanted = from > RIGHT_THIRD ? "l" : "r";
  if (wanted === "l" ? fitsLeft : fitsRight) return wanted;
  if (fitsLeft) return "l";
  return fitsRight ? "r" : "in";
}

/** The one that is nearest to a time, within a fiftieth of the period. */
export function nearest<T extends { from: number }>(all: readonly T[], time: number, period: Zoom): T | null {
  const reach = (period.to - period.from) / 50;
  const [found] = all
    .filter((one) => Math.abs(one.from - time) <= reach)
    .sort((a, b) => Math.abs(a.from - time) - Math.abs(b.from - time));
  return found ?? null;
}
