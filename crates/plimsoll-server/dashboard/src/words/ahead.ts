// What is foreseen, in the words of the server.
import type { DaysLeft } from "../api/judged";
import { NBSP } from "./numbers";

/** "18 hours", "1.5 days", "12 days": near ones finer. */
export function daysWords(days: number): string {
  const [number, unit] =
    days < 0.98
      ? [Math.max(1, Math.round(24 * days)), "hour"]
      : [days < 2.95 ? Math.round(10 * days) / 10 : Math.round(days), "day"];
  return `${number.toLocaleString("en-US")}${NBSP}${unit}${number === 1 ? "" : "s"}`;
}

/** "reaches its line in 12 days (9–17)"; where the late end is not known, "(9 or more)". */
export function aheadWords({ median, early, late }: DaysLeft): string {
  const from = Math.floor(early);
  return `reaches its line in ${daysWords(median)} (${from}${late === null ? " or more" : `–${Math.ceil(late)}`})`;
}
