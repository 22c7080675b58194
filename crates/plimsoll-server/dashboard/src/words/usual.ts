// What is usual for a route: the median of its p95 over the chosen range.
import type { Line, TotalsRow, Values } from "../api/shapes";

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

export interface RouteRow {
  key: string;
  totals: TotalsRow;
  line: Line | undefined;
  usual: number | null;
  /** Its p95 now as a multiple of the usual one. */
  ratio: number | null;
}

export function routeKey(of: { route: string | null; method: string | null }): string {
  return `${of.method ?? ""} ${of.route ?? ""}`;
}

/** Routes of now, and those of the range that have no requests now. */
export function routeRows(now: readonly TotalsRow[], lines: readonly Line[]): RouteRow[] {
  const byKey = new Map(lines.map((line) => [routeKey(line), line]));
  const rows = now.map((totals) => rowOf(totals, byKey.get(routeKey(totals))));
  const known = new Set(now.map(routeKey));
  const idle = lines.filter((line) => !known.has(routeKey(line)) && line.total_requests > 0);
  return [...rows, ...idle.map((line) => rowOf(idleTotals(line), line))];
}

function rowOf(totals: TotalsRow, line: Line | undefined): RouteRow {
  const usual = line ? median(line.p95_seconds) : null;
  const p95 = totals.p95_seconds;
  return { key: routeKey(totals), totals, line, usual, ratio: p95 !== null && usual ? p95 / usual : null };
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
