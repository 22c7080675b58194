// Where a float lies: linear in its headroom above the line, logarithmic in its ratio below it, as severities are.
import type { Float, SmallFloat } from "../api/judged";

/** Heights in pixels: sky above the line, ground below it, room for words above the sky and under the ground. */
export interface Scale {
  sky: number;
  ground: number;
  room: number;
  foot: number;
}

export const TALL: Scale = { sky: 168, ground: 104, room: 48, foot: 24 };
/** On a page with another main subject. */
export const LOW: Scale = { sky: 128, ground: 64, room: 48, foot: 12 };
/** Under the ground where something is past twice its line: its words stand there. */
export const DEEP_FOOT = 52;

/** From so many times its line on a float lies on the ground. */
const ON_THE_GROUND = 4;
/** From so many times on the words tell the multiple. */
export const MULTIPLE_FROM = 2;

/** The headroom of a float, −∞ where it is past without a number (a floor of which nothing is left); null: not known. */
export function headroomOf(float: Pick<SmallFloat, "headroom" | "place">): number | null {
  if (float.place === "unknown") return null;
  return float.headroom ?? (float.place === "past" ? Number.NEGATIVE_INFINITY : null);
}

/** The load as a multiple of what the line allows. */
export function ratioOf(float: Pick<Float, "headroom" | "place" | "ratio">): number | null {
  const headroom = headroomOf(float);
  return headroom === null ? null : (float.ratio ?? 1 - headroom);
}

/** The way from the line to the ground: 0 at the line, 1 at 4× and beyond. */
export function depth(ratio: number): number {
  return ratio <= 1 ? 0 : Math.min(1, Math.log(ratio) / Math.log(ON_THE_GROUND));
}

/** Pixels below the height of 100 %. */
export function heightOf(headroom: number, { sky, ground }: Pick<Scale, "sky" | "ground">): number {
  return headroom >= 0 ? sky * (1 - Math.min(1, headroom)) : sky + ground * depth(1 - headroom);
}

/** Where the upright line stands when the drawing is turned, and how far it is from there to 4×, per cent of the track. */
export const LINE_ACROSS = 70;
const WATER_ACROSS = 28;

/** Per cent of the track from its left end: load grows to the right. */
export function acrossOf(headroom: number): number {
  return headroom >= 0 ? LINE_ACROSS * (1 - Math.min(1, headroom)) : LINE_ACROSS + WATER_ACROSS * depth(1 - headroom);
}

/** The marks of the scale and the words beside them. */
export function ticks(scale: Scale): { words: string; y: number }[] {
  const above = [1, 0.5, 0.2].map((headroom, at) => ({
    words: `${headroom * 100}${at === 0 ? "\u00a0%" : ""}`,
    y: heightOf(headroom, scale),
  }));
  // A low drawing has room for one mark below the line.
  const below = scale.ground < TALL.ground ? [2] : [1.5, 2, 3];
  return [...above, ...below.map((ratio) => ({ words: `${ratio}×`, y: heightOf(1 - ratio, scale) }))];
}

/** In target, acceptable, close, past, past four times, no data. */
export type MarkShape = "t" | "a" | "w" | "p" | "pp" | "n";

export function shapeOf(float: Pick<Float, "headroom" | "place" | "ratio">): MarkShape {
  switch (float.place) {
    case "in_target":
      return "t";
    case "acceptable":
      return "a";
    case "close":
      return "w";
    case "past":
      return (ratioOf(float) ?? 0) >= ON_THE_GROUND ? "pp" : "p";
    default:
      return "n";
  }
}

/** Whether all is well with it: such floats give up their words first. */
export function isCalm(float: Pick<SmallFloat, "place">): boolean {
  return float.place === "in_target" || float.place === "acceptable";
}

/** Points of headroom from which on a float is told to be elsewhere than usual. */
const UNUSUAL = 0.25;

/** The usual headroom where it is worth a dash, else null. */
export function usualDash(float: Pick<Float, "headroom" | "place" | "usual_headroom">): number | null {
  const headroom = headroomOf(float);
  const usual = float.usual_headroom;
  // Both are numbers of two decimals: a difference of exactly 25 points counts.
  if (headroom === null || usual == null || Math.abs(headroom - usual) < UNUSUAL - 1e-9) return null;
  return usual;
}

/** How many times the line the one furthest past it is. */
export function deepest(floats: readonly Pick<Float, "headroom" | "place" | "ratio">[]): number {
  return Math.max(0, ...floats.map((float) => ratioOf(float) ?? 0));
}
