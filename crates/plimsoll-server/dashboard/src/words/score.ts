// The words of a score.
import type { Score } from "../api/judged";
import { hour } from "./moments";
import { NBSP } from "./numbers";

/** Points: whole, but for less than one. */
export function points(value: number): string {
  const size = Math.abs(value);
  const text = size >= 0.05 && size < 0.95 ? size.toFixed(1) : String(Math.round(size));
  return value < 0 && text !== "0" ? `−${text}` : text;
}

/** "of 100 · was 92 at 14:00". */
export function ofHundred(score: Pick<Score, "value" | "before" | "before_time">, now: number): string {
  if (score.value === null) return "not enough data";
  if (score.before === null || Math.round(score.before) === Math.round(score.value)) return "of 100";
  const at = score.before_time === null ? "before" : `at ${hour(Date.parse(score.before_time), now)}`;
  return `of 100 · was${NBSP}${points(score.before)} ${at}`;
}
