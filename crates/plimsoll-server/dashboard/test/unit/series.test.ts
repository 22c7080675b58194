import { expect, it } from "vitest";
import type { Line, TotalsRow } from "../../src/api/shapes";
import { filled, gapSeconds, gapsOf, highest } from "../../src/charts/gaps";
import { readings } from "../../src/charts/readings";
import { apart, logBounds, logTicks, roundUp, roundUpBytes } from "../../src/charts/scale";
import { cutsOf, sparkPaths } from "../../src/charts/spark";
import { median, routeRows, sameHours } from "../../src/words/usual";

it("gaps lie between values, not before the first or after the last", () => {
  expect(gapsOf([null, 1, 2, null, null, 3, null])).toEqual([{ from: 3, to: 5 }]);
  expect(gapsOf([null, null])).toEqual([]);
  expect(gapSeconds({ from: 3, to: 5 }, 180)).toBe(360);
});

it("a small line is not joined over a gap, and a lone value is a dot", () => {
  const { lines, dots, band } = sparkPaths([1, 2, null, 4, null, 2, 2], 2, 60, 22);
  expect(lines).toHaveLength(2);
  expect(dots).toEqual([{ x: 30, y: 1 }]);
  expect(band?.height).toBeGreaterThan(0);
  expect(sparkPaths([null, null], null, 60, 22)).toEqual({ lines: [], dots: [], band: null });
  expect(sparkPaths([0, 0], null, 60, 22).lines).toEqual(["M0 21L60 21"]);
});

it("what happened cuts through a small line where it happened", () => {
  expect(cutsOf([1_000, 2_000, 5_000], [0, 1_000, 2_000, 6_000])).toEqual([0, 0.25]);
  expect(cutsOf([1_000], [1_000])).toEqual([]);
});

it("readings of instances come to the steps of the requests, the highest of them", () => {
  const times = [0, 10_000, 20_000];
  expect(
    highest(times, [
      { times: [0, 20_000], values: [1, 5] },
      { times: [0, 10_000, 99_000], values: [3, null, 9] },
    ]),
  ).toEqual([3, null, 5]);
  const answer = {
    series: [
      {
        tags: { instance: "a" },
        columns: ["time", "mean_cpu", "mean_memory_rss"],
        values: [
          [0, 0.5, 100],
          [10_000, null, 200],
        ],
      },
    ],
  };
  const series = { times };
  expect(readings(series, answer)).toEqual({
    instances: 1,
    cpu: [0.5, null, null],
    memory: [100, 200, null],
    cpuLimit: null,
    memoryLimit: null,
  });
  const runtime = {
    tags: { instance: "a" },
    columns: ["time", "mean_cpu", "rate_cpu_time"],
    values: [
      [0, 0.1, null],
      [10_000, 0.1, 1.5],
    ],
  };
  // Time tells cores in use; the share beside it may be one of all cores.
  expect(readings(series, { series: [runtime] })?.cpu).toEqual([null, 1.5, null]);
  expect(readings(series, null)).toBeNull();
  expect(filled([0, 30_000], 10_000)).toEqual([0, 10_000, 20_000, 30_000]);
});

it("log scales begin and end at 1 or 3 of a decade", () => {
  expect(logBounds([0.045, 1.2, null, 0], 1e-6)).toEqual([0.03, 3]);
  expect(logBounds([], 0.001)).toEqual([0.001, 0.1]);
  expect(logTicks(0.03, 3).map((tick) => Number(tick.toPrecision(2)))).toEqual([0.03, 0.1, 0.3, 1, 3]);
  expect([0, 7, 11, 240, 1_620].map(roundUp)).toEqual([1, 8, 20, 250, 2_000]);
  const MB = 2 ** 20;
  expect([0, 300, 0.7 * MB, 3 * MB, 341 * MB, 1_010 * MB, 1.5 * 1_024 * MB].map(roundUpBytes)).toEqual([
    1,
    400,
    800 * 1_024,
    4 * MB,
    400 * MB,
    1_024 * MB,
    2 * 1_024 * MB,
  ]);
});

it("labels that would touch are moved apart and stay inside", () => {
  expect(apart([50, 52, 53], 15, 0, 100)).toEqual([50, 65, 80]);
  expect(apart([95, 99], 15, 0, 100)).toEqual([85, 100]);
  expect(apart([], 15, 0, 100)).toEqual([]);
});

const totals = (route: string, p95: number): TotalsRow => ({
  service: "shop",
  route,
  method: "GET",
  statuses: {},
  total_requests: 10,
  requests_per_minute: 2,
  errors: 0,
  error_rate: 0,
  client_errors: 0,
  cancelled: 0,
  p50_seconds: p95 / 2,
  p95_seconds: p95,
  p99_seconds: p95,
});

const line = (route: string, p95: (number | null)[]): Line => ({
  service: "shop",
  route,
  method: "GET",
  total_requests: 50,
  requests_per_minute: p95,
  errors_per_minute: p95,
  p50_seconds: p95,
  p95_seconds: p95,
  p99_seconds: p95,
});

it("usual is the median of the range, and too little is not enough", () => {
  expect(median([5, null, 1, 3, 2, 4])).toBe(3);
  expect(median([1, 2, 3, 4])).toBeNull();
  const rows = routeRows(
    [totals("/a", 0.6), totals("/b", 0.2)],
    [line("/a", [0.1, 0.1, 0.1, 0.1, 0.6]), line("/c", [1])],
    null,
    0,
  );
  expect(rows.map((row) => [row.totals.route, row.ratio === null ? null : Math.round(row.ratio)])).toEqual([
    ["/a", 6],
    ["/b", null],
    ["/c", null],
  ]);
  // A route without requests now is shown, as one that has none.
  expect(rows[2]?.totals.total_requests).toBe(0);
  expect(rows[2]?.totals.p95_seconds).toBeNull();
});

it("the same hours of the days before are a habit from three days on", () => {
  const hour = 3_600_000;
  const now = 100 * 24 * hour;
  const at = (days: number, hours: number) => now - (days * 24 + hours) * hour - hour / 2;
  const times = [at(4, 0), at(3, 0), at(2, 1), at(2, 5), at(1, 0), at(0, 0)];
  const values = [0.1, 0.3, 0.2, 9, 0.2, 9];
  expect(sameHours(times, values, now)).toBe(0.2);
  expect(sameHours(times, [0.1, null, null, 9, 0.2, 9], now)).toBeNull();
});
