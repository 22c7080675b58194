// The words of standards: bands, budgets, where values come from, what a replay found.
import type { Bands, Replay, StandardsClass } from "../api/judged";
import { hour } from "./moments";
import { count, millis, NBSP, percent } from "./numbers";

/** From this line on the bands of a class are told in seconds. */
const IN_SECONDS_FROM = 5;

function inSeconds(bands: Bands): boolean {
  return bands.investigate_seconds >= IN_SECONDS_FROM;
}

function plain(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

/** "200 · 500 · 1,000 ms", "1 · 2.5 · 5 s". */
export function bandsWords(bands: Bands): string {
  const values = [bands.target_seconds, bands.acceptable_seconds, bands.investigate_seconds];
  const words = values.map((seconds) => plain(inSeconds(bands) ? seconds : seconds * 1000));
  return `${words.join(" · ")}${NBSP}${inSeconds(bands) ? "s" : "ms"}`;
}

/** A value in the unit of the bands beside it: "1,510 ms", "3.2 s". */
export function besideBands(seconds: number, bands: Bands): string {
  return inSeconds(bands) ? `${plain(seconds)}${NBSP}s` : `${millis(seconds)}${NBSP}ms`;
}

const DAY_MS = 24 * 3_600_000;

/** What is left of a budget, and what is to be said of it; null: not enough data. */
export function budgetWords(
  of: Pick<StandardsClass, "budget_left" | "budget_gone_at">,
  now: number,
): { left: string; note: string; overdrawn: boolean } | null {
  if (of.budget_left === null) return null;
  const overdrawn = of.budget_left < 0;
  const gone = of.budget_gone_at === null ? Number.NaN : Date.parse(of.budget_gone_at);
  const soon = !overdrawn && gone - now <= DAY_MS;
  return {
    left: percent(of.budget_left),
    note: overdrawn ? "overdrawn" : soon ? `gone at ${hour(gone, now)}` : "",
    overdrawn,
  };
}

/** "99.5 %": an objective has the decimals that it was given. */
export function objectiveWords(objective: number): string {
  return `${(objective * 100).toLocaleString("en-US", { maximumFractionDigits: 3 })}${NBSP}%`;
}

const ORIGINS: Record<string, string> = {
  put: "set here",
  environment: "from the environment",
  file: "from the file",
  default: "default",
};

/** Where a value comes from. */
export function originWords(origin: string | undefined): string {
  return origin === undefined ? "" : (ORIGINS[origin] ?? origin);
}

/** What would have fired. */
export function replayWords(replay: Pick<Replay, "days" | "firings" | "history_from">, now: number): string {
  const days = `the last ${replay.days === 1 ? "day" : `${replay.days} days`}`;
  const times = replay.firings === 1 ? "once" : `${count(replay.firings)} times`;
  const told =
    replay.firings === 0
      ? `With this nothing would have fired in ${days}.`
      : `With this ${days} would have fired ${times}.`;
  const from = replay.history_from === null ? Number.NaN : Date.parse(replay.history_from);
  const short = from > now - replay.days * DAY_MS + DAY_MS / 24;
  return short ? `${told} There is something to replay since ${hour(from, now)} only.` : told;
}

/** What became of it, for the line beside the buttons. */
export function savedWords(how: { saving: boolean; saved: boolean; replaying: boolean }): string {
  if (how.saving) return "saving …";
  if (how.replaying) return "replaying 7 days …";
  return how.saved ? "Saved. It holds from the next window on." : "";
}
