// Moments and ages as the page writes them.
import { NBSP } from "./numbers";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** 14:32:10, in the browser's time zone. */
export function clock(time: number): string {
  const at = new Date(time);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 14:32, with the day where it is not today's. */
export function hour(time: number, now: number): string {
  const at = new Date(time);
  const clockTime = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(now).toDateString()) return clockTime;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clockTime}`.replaceAll(" ", NBSP);
}

/** "40 seconds", "34 minutes", "5 hours", "3 days". */
export function age(seconds: number): string {
  const of = (value: number, unit: string) => {
    const whole = Math.max(1, Math.floor(value));
    return `${whole}${NBSP}${unit}${whole === 1 ? "" : "s"}`;
  };
  if (seconds < MINUTE) return of(seconds, "second");
  if (seconds < 2 * HOUR) return of(seconds / MINUTE, "minute");
  if (seconds < 2 * DAY) return of(seconds / HOUR, "hour");
  return of(seconds / DAY, "day");
}

/** The same in a table or beside a mark: "40 s", "34 min", "5 h", "3 d". */
export function shortAge(seconds: number): string {
  if (seconds < MINUTE) return `${Math.max(1, Math.round(seconds))}${NBSP}s`;
  if (seconds < 2 * HOUR) return `${Math.floor(seconds / MINUTE)}${NBSP}min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}${NBSP}h`;
  return `${Math.floor(seconds / DAY)}${NBSP}d`;
}

/** The browser's time zone, for the foot of the page. */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
