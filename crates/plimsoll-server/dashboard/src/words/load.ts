// The words of a float: its name and headroom, where it lies, its value against its limit.
import type { Float, FloatGroup, PlaceName, SmallFloat, Unit } from "../api/judged";
import { headroomOf, isCalm, MULTIPLE_FROM, ratioOf } from "../load-line/geometry";
import { aheadWords } from "./ahead";
import { capital } from "./capital";
import { hour, shortAge } from "./moments";
import { bytes, count, duration, large, NBSP, NONE, percent, rate, share, times } from "./numbers";
import { listed } from "./sentences";

export const PLACES: Record<PlaceName, string> = {
  in_target: "in target",
  acceptable: "acceptable",
  close: "close to the line",
  past: "past the line",
  unknown: "no data",
};

/** What stands over or under a mark; `more` only where there is room. */
export interface FloatWords {
  name: string;
  value: string;
  more: string;
}

/** −51 %; from twice the line on the multiple, 2.4×. Only what is all or nothing is 100 or 0. */
export function headroomWords(float: Pick<Float, "headroom" | "place" | "ratio">): string {
  const headroom = headroomOf(float);
  if (headroom === null) return NONE;
  const ratio = ratioOf(float) ?? 1 - headroom;
  if (ratio >= MULTIPLE_FROM) return Number.isFinite(ratio) ? times(ratio) : `over${NBSP}4×`;
  return percent(headroom);
}

/** The words of a float, or of a mark that stands for several calm ones. */
export function floatWords(float: Float, merged: readonly Float[] = [float]): FloatWords {
  if (merged.length > 1) {
    return { name: mergedName(merged), value: `lowest ${headroomWords(float)}`, more: "" };
  }
  return { name: float.name, ...valueWords(float) };
}

function valueWords(float: Float): Omit<FloatWords, "name"> {
  if (float.place !== "unknown") return { value: headroomWords(float), more: "" };
  if (float.reason !== "idle") return { value: "no data", more: "" };
  return { value: "idle", more: float.idle_seconds === null ? "" : `${NBSP}${shortAge(float.idle_seconds)}` };
}

/** "12 in target", "10 in target, 2 acceptable". */
function mergedName(merged: readonly Float[]): string {
  const inTarget = merged.filter((float) => float.place === "in_target").length;
  const others = merged.length - inTarget;
  return [inTarget > 0 && `${inTarget} in target`, others > 0 && `${others} acceptable`].filter(Boolean).join(", ");
}

/** A value in its unit. */
export function measured(value: number | null | undefined, unit: Unit): string {
  switch (unit) {
    case "s":
      return duration(value);
    case "ratio":
      return share(value);
    case "bytes":
      return bytes(value);
    case "times":
      return value == null ? NONE : times(value);
    case "per_minute":
      return value == null ? NONE : `${rate(value)} per min`;
    case "per_second":
      return value == null ? NONE : `${rate(value)} per s`;
    case "bits_per_second":
      return value == null ? NONE : `${rate(value / 1e6)} Mbit/s`;
    case "count":
      return value == null || value < 100_000 ? count(value) : large(value);
  }
}

/** What stands before and behind the value of a float of this group. */
const NOUNS: Record<FloatGroup["name"], { before: string; behind: string }> = {
  classes: { before: "p95 ", behind: "" },
  resources: { before: "", behind: "" },
  pools: { before: "", behind: " in use" },
  queues: { before: "", behind: " waiting" },
};

function nouned(float: Float, group: FloatGroup["name"]): string {
  const { before, behind } = NOUNS[group] ?? NOUNS.resources;
  return `${before}${measured(float.value, float.unit)}${behind}`;
}

/** What is told of a float behind its name and value, as far as it is known: "past the line, p95 1.51 s of 1.00 s". */
export function floatRest(float: Float, group: FloatGroup["name"], merged: readonly Float[] = [float]): string {
  if (merged.length > 1 || float.place === "unknown") return "";
  const against = float.value === null ? null : `${nouned(float, group)} of ${measured(float.limit, float.unit)}`;
  return [PLACES[float.place], against].filter(Boolean).join(", ");
}

/** "write, −51 %, past the line, p95 1.51 s of 1.00 s": all of a float for who does not see it. */
export function floatSentence(float: Float, group: FloatGroup["name"], merged: readonly Float[] = [float]): string {
  const { name, value, more } = floatWords(float, merged);
  return [name, value + more, floatRest(float, group, merged)].filter(Boolean).join(", ");
}

/** "p95 1.51 s, line 1.00 s; usually 290 ms. Past since 14:09", and when it will be past, as far as that is known. */
export function floatDetail(
  float: Float,
  group: FloatGroup["name"],
  now: number,
  merged: readonly Float[] = [float],
): string {
  if (merged.length > 1) return mergedDetail(merged);
  if (float.place === "unknown") {
    if (float.reason !== "idle") return "No data";
    return float.idle_seconds === null ? "No requests" : `No request for ${shortAge(float.idle_seconds)}`;
  }
  const usual = usualValue(float);
  const parts = [
    float.value === null ? `${headroomWords(float)} headroom` : nouned(float, group),
    float.limit !== null && `, line ${measured(float.limit, float.unit)}`,
    usual !== null && `; usually ${measured(usual, float.unit)}`,
    sinceWords(float, now),
    float.reaches_limit_days && `. ${capital(aheadWords(float.reaches_limit_days))}`,
  ];
  return parts.filter(Boolean).join("");
}

/** Names that a mark of several tells; the others are counted. */
const MOST_NAMES = 8;

function mergedDetail(merged: readonly Float[]): string {
  return listed(
    merged.map((float) => `${float.name} ${headroomWords(float)}`),
    MOST_NAMES,
  );
}

function sinceWords(float: Float, now: number): string {
  if (isCalm(float) || float.since === null) return "";
  return `. ${float.place === "past" ? "Past" : "Close"} since ${hour(Date.parse(float.since), now)}`;
}

/** The value that the usual headroom was of: which side of the line is the wrong one is seen by value, limit and ratio. */
export function usualValue(
  float: Pick<Float, "headroom" | "place" | "ratio" | "value" | "limit" | "usual_headroom">,
): number | null {
  const { value, limit, usual_headroom: usual } = float;
  const ratio = ratioOf(float);
  if (usual == null || value === null || limit === null || ratio === null || !Number.isFinite(ratio)) return null;
  const wanted = 1 - usual;
  const near = (found: number) => Math.abs(found - ratio) <= 0.01 + 0.01 * ratio;
  if (near(value / limit)) return limit * wanted;
  if (near((1 - value) / (1 - limit))) return 1 - wanted * (1 - limit);
  return near(limit / value) && wanted > 0 ? limit / wanted : null;
}

/** "2 past the line: write, postgres", "all 9 above the line": what a list says of a service. */
export function floatsWords(floats: readonly SmallFloat[]): string {
  const named = (place: PlaceName) => floats.filter((float) => float.place === place).map((float) => float.name);
  const [past, close] = [named("past"), named("close")];
  if (past.length > 0) return `${past.length} past the line: ${past.join(", ")}`;
  const known = floats.filter((float) => float.place !== "unknown").length;
  if (known === 0) return "not enough data";
  if (close.length > 0) return `${close.length} close to the line: ${close.join(", ")}`;
  return known === 1
    ? `${floats.find((float) => float.place !== "unknown")?.name} above the line`
    : `all ${known} above the line`;
}

/** In the water where nothing is known: the last sign, epoch milliseconds. */
export function noDataWords(lastSeen: number | null, now: number): { bold: string; rest: string } {
  if (lastSeen === null || Number.isNaN(lastSeen)) {
    return { bold: "No data yet.", rest: "The line is drawn when there is something to judge." };
  }
  return {
    bold: `No data since ${hour(lastSeen, now)}.`,
    rest: "Where these float is unknown; the line is drawn again with the next window.",
  };
}

/** "2 past the line, 2 close" of findings. */
export function findingsWords(findings: readonly { place: "past" | "close" }[]): string {
  const past = findings.filter((one) => one.place === "past").length;
  const close = findings.length - past;
  const parts = [past > 0 && `${past} past the line`, close > 0 && `${close} close`].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "nothing past the line, nothing close";
}
