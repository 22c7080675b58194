// What is usual for a route: the median of its p95 in the same hours of the days before, or else over the chosen range.
import type { Line, SeriesList, TotalsRow, Values } from "../api/shapes";

/** Fewer values say nothing of what is usual. */
const ENOUGH = 5;

/** The median of what is there; null: too little. */
export function median(values: Values, enough = ENOUGH): number | null {
  const there = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  if (there.length < enough) return null;
  const middle = there.length >> 1;
  const [low, high] = [there[middle - 1] ?? 0, there[middle] ?? 0];
  return there.length % 2 ? high : (low + high) / 2;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Fewer days show no habit. */
const DAYS = 3;

/** The median of the hours around the same time on the days before; null: of fewer than three days something is known. */
export function sameHours(times: readonly number[], values: Values, now: number): number | null {
  const there = new Map<number, number[]>();
  times.forEach((time, index) => {
    const value = values[index] ?? null;
    // The middle of the step of an hour, and how far it is from a whole number of days ago.
    const ago = now - (time + HOUR_MS / 2);
    const days = Math.round(ago / DAY_MS);
    if (value === null || days < 1 || Math.abs(ago - days * DAY_MS) > HOUR_MS) return;
    there.set(days, [...(there.get(days) ?? []), value]);
  });
  return there.size < DAYS ? null : median([...there.values()].flat(), DAYS);
}

export interface RouteRow {
  key: string;
  totals: TotalsRow;
  line: Line | undefined;
  usual: number | null;
  /** Whether that is of the days before, not of the range. */
  ofDays: boolean;
  /** Its p95 now as a multiple of the usual one. */
  ratio: number | null;
}

export function routeKey(of: { route: string | null; method: string | null }): string {
  return `${of.method ?? ""} ${of.route ?? ""}`;
}

/** Routes of now, and those of the range that have no requests now. */
export function routeRows(
  now: readonly TotalsRow[],
  lines: readonly Line[],
  week: SeriesList | null,
  at: number,
): RouteRow[] {
  const byKey = new Map(lines.map((line) => [routeKey(line), line]));
  const habits = new Map(week?.lines.map((line) => [routeKey(line), sameHours(week.times, line.p95_seconds, at)]));
  const known = new Set(now.map(routeKey));
  const idle = lines.filter((line) => !known.has(routeKey(line)) && line.total_requests > 0).map(idleTotals);
  return [...now, ...idle].map((totals): RouteRow => {
    const key = routeKey(totals);
    const line = byKey.get(key);
    const habit = habits.get(key) ?? null;
    const usual = habit ?? (line ? median(line.p95_seconds) : null);
    const p95 = totals.p95_seconds;
    const ratio = p95 !== null && usual ? p95 / usual : null;
    return { key, totals, line, usual, ofDays: habit !== null, ratio };
  });
}

function idleTotals(line: Line): TotalsRow {
  return {
    service: line.service,
    route: line.route,
    method: line.method,
    statuses: {},
    total_requests: 0,
    requests_per_minute: 0,
    errors: 0,
    error_rate: null,
    client_errors: 0,
    cancelled: 0,
    p50_seconds: null,
    p95_seconds: null,
    p99_seconds: null,
  };
}
