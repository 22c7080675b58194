// The path of a small line.
import type { Values } from "../api/shapes";

/** Moments as shares of the steps that a small line shows; what lies outside cuts nothing. */
export function cutsOf(times: readonly number[], moments: readonly number[]): number[] {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || last <= first) return [];
  return moments.map((moment) => (moment - first) / (last - first)).filter((share) => share >= 0 && share <= 1);
}

interface Spark {
  lines: string[];
  /** Values between gaps, which no line shows. */
  dots: { x: number; y: number }[];
  band: { y: number; height: number } | null;
}

/** A fifth more or less than usual is usual. */
const USUAL_SHARE = 0.2;

/** Paths over the whole width, from nothing to the largest value; a value that is missing interrupts the line. */
export function sparkPaths(values: Values, usual: number | null, width: number, height: number): Spark {
  const largest = Math.max(0, ...values.map((value) => value ?? 0), (usual ?? 0) * (1 + USUAL_SHARE));
  const round = (value: number) => Math.round(value * 10) / 10;
  const y = (value: number) => round(height - 1 - (largest > 0 ? (value / largest) * (height - 2) : 0));
  const x = (index: number) => round(values.length > 1 ? (index / (values.length - 1)) * width : width);
  const lines: string[] = [];
  const dots: { x: number; y: number }[] = [];
  let run: string[] = [];
  const end = (last: number) => {
    if (run.length === 1) dots.push({ x: x(last), y: y(values[last] ?? 0) });
    else if (run.length > 1) lines.push(`M${run.join("L")}`);
    run = [];
  };
  values.forEach((value, index) => {
    if (value === null) end(index - 1);
    else run.push(`${x(index)} ${y(value)}`);
  });
  end(values.length - 1);
  const band =
    usual === null || largest === 0
      ? null
      : {
          y: y(usual * (1 + USUAL_SHARE)),
          height: round(y(usual * (1 - USUAL_SHARE)) - y(usual * (1 + USUAL_SHARE))),
        };
  return { lines, dots, band };
}
