// The charts that there are: what is drawn, how it is scaled, what it says.
import uPlot from "uplot";
import type { Line, SeriesList, Values } from "../api/shapes";
import { bytes, duration, NBSP, rate, share } from "../words/numbers";
import type { Drawn } from "./Chart";
import { lastOf } from "./draw";
import type { Readings } from "./readings";
import { logBounds, logTicks, roundUp, roundUpBytes } from "./scale";

interface Kind {
  id: string;
  title: string;
  about: string;
  at: (index: number) => string;
  label: string;
  drawn: Drawn;
}

const NO_POINTS: uPlot.Series.Points = { show: lonePoints };

/** A value between gaps is a point: no line shows it. */
function lonePoints(plot: uPlot, line: number): boolean {
  const values = plot.data[line] ?? [];
  return values.some((value, at) => value != null && values[at - 1] == null && values[at + 1] == null);
}

/** 3 ms, 100 ms, 1 s: without the decimals that a value has. */
function tickWords(value: number): string {
  return value < 1 ? `${Number((value * 1000).toPrecision(2))}${NBSP}ms` : `${Number(value.toPrecision(2))}${NBSP}s`;
}

function seconds(series: SeriesList): number[] {
  return series.times.map((time) => time / 1000);
}

function largest(values: Values): number {
  return values.reduce((most: number, value) => Math.max(most, value ?? 0), 0);
}

function between(values: Values, words: (value: number | null) => string): string {
  const there = values.filter((value): value is number => value !== null);
  return there.length === 0 ? "no values" : `between ${words(Math.min(...there))} and ${words(Math.max(...there))}`;
}

export function latencyChart(series: SeriesList, line: Line): Kind {
  const { p50_seconds: p50, p95_seconds: p95, p99_seconds: p99 } = line;
  const range = logBounds([...p50, ...p95, ...p99], 1e-6);
  const now = (name: string, values: Values) => `${name} ${duration(lastOf(values))}`;
  return {
    id: "latency",
    title: "Latency",
    about: "p50, p95 and p99 as bands, log scale",
    at: (index) => `p50 ${duration(p50[index])} · p95 ${duration(p95[index])} · p99 ${duration(p99[index])}`,
    label: `Latency: ${now("p95", p95)} now, ${between(p95, duration)}; ${now("p50", p50)}, ${now("p99", p99)} now`,
    drawn: {
      data: [seconds(series), p99, p95, p50] as uPlot.AlignedData,
      lines: (ink) => [
        { stroke: ink("band-2"), width: 1, points: NO_POINTS },
        { stroke: ink("data"), width: 2, points: NO_POINTS },
        { stroke: ink("ink"), width: 1, points: NO_POINTS },
      ],
      bands: (ink) => [
        { series: [1, 2], fill: ink("band-2") },
        { series: [2, 3], fill: ink("band-1") },
      ],
      scale: { log: true, range, ticks: logTicks(...range), words: tickWords },
      names: [now("p99", p99), now("p95", p95), now("p50", p50)],
      gapsOf: 1,
      height: 216,
    },
  };
}

export function throughputChart(series: SeriesList, line: Line): Kind {
  const values = line.requests_per_minute;
  const top = roundUp(largest(values) * 1.05);
  return {
    id: "throughput",
    title: "Throughput",
    about: "requests per min",
    at: (index) => `${rate(values[index])} per min`,
    label: `Throughput: ${rate(lastOf(values))} requests per minute now, ${between(values, rate)}`,
    drawn: {
      data: [seconds(series), values] as uPlot.AlignedData,
      lines: (ink) => [{ stroke: ink("data"), width: 1.6, fill: ink("band-2"), points: NO_POINTS }],
      scale: { range: [0, top], ticks: [top / 2, top], words: rate },
      names: [`${rate(lastOf(values))}${NBSP}per${NBSP}min`],
      gapsOf: 1,
      height: 112,
    },
  };
}

export function errorsChart(series: SeriesList, line: Line): Kind {
  const values = line.errors_per_minute;
  const top = roundUp(Math.max(1, largest(values)));
  return {
    id: "errors",
    title: "Errors",
    about: "5xx, panics and broken bodies per min",
    at: (index) => `${rate(values[index])} per min`,
    label: `Errors: ${rate(lastOf(values))} per minute now, ${between(values, rate)}`,
    drawn: {
      data: [seconds(series), values] as uPlot.AlignedData,
      lines: (ink) => [
        {
          stroke: ink("past"),
          fill: ink("past"),
          width: 0,
          points: { show: false },
          ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 12], align: 1 }) } : {}),
        },
      ],
      scale: { range: [0, top], ticks: [top], words: rate },
      names: [`${rate(lastOf(values))}${NBSP}per${NBSP}min`],
      gapsOf: 1,
      height: 64,
    },
  };
}

function ofInstances(readings: Readings): string {
  return readings.instances > 1 ? `, the highest of ${readings.instances} instances` : "";
}

export function cpuChart(series: SeriesList, readings: Readings): Kind {
  const values = readings.cpu ?? [];
  const top = roundUp(largest(values) * 1.05);
  const limit = readings.cpuLimit === null ? "" : `, of ${rate(readings.cpuLimit)} cores`;
  return {
    id: "cpu",
    title: "CPU",
    about: `share of one core${limit}${ofInstances(readings)}`,
    at: (index) => share(values[index]),
    label: `CPU: ${share(lastOf(values))} of one core now, ${between(values, share)}`,
    drawn: {
      data: [seconds(series), values] as uPlot.AlignedData,
      lines: (ink) => [{ stroke: ink("data"), width: 1.6, points: NO_POINTS }],
      scale: { range: [0, top], ticks: [top / 2, top], words: share },
      names: [share(lastOf(values))],
      gapsOf: 1,
      height: 88,
    },
  };
}

export function memoryChart(series: SeriesList, readings: Readings): Kind {
  const values = readings.memory ?? [];
  const top = roundUpBytes(largest(values) * 1.05);
  const limit = readings.memoryLimit === null ? "" : `, limit ${bytes(readings.memoryLimit)}`;
  return {
    id: "memory",
    title: "Memory",
    about: `resident${limit}${ofInstances(readings)}`,
    at: (index) => bytes(values[index]),
    label: `Memory: ${bytes(lastOf(values))} now, ${between(values, bytes)}`,
    drawn: {
      data: [seconds(series), values] as uPlot.AlignedData,
      lines: (ink) => [{ stroke: ink("data"), width: 1.6, points: NO_POINTS }],
      scale: { range: [0, top], ticks: [top / 2, top], words: bytes },
      names: [bytes(lastOf(values))],
      gapsOf: 1,
      height: 88,
    },
  };
}
