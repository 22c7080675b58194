import { expect, it } from "vitest";
import type { Finding, SmallFloat, SmallLoadLine } from "../../src/api/judged";
import { aheadWords } from "../../src/words/ahead";
import { evidenceWords } from "../../src/words/findings";
import { ofLoadLines, pressingOf, stateWords, whyWords } from "../../src/words/judged";
import {
  findingsWords,
  floatDetail,
  floatSentence,
  floatsWords,
  floatWords,
  headroomWords,
  noDataWords,
  usualValue,
} from "../../src/words/load";
import { percent } from "../../src/words/numbers";
import { ofHundred, points } from "../../src/words/score";
import { suggestedBy } from "../../src/words/suggested";
import { float } from "./floats";

const N = "\u00a0";
const NOW = new Date(2026, 10, 27, 14, 32, 10).getTime();
const at = (hours: number, minutes: number) => new Date(2026, 10, 27, hours, minutes).toISOString();

it("headroom is per cent down to twice the line, from there the multiple", () => {
  const words = (headroom: number) => headroomWords(float("x", headroom, headroom < 0 ? "past" : "close"));
  expect([0.97, 0.35, 0, -0.15, -0.51, -0.99].map(words)).toEqual([
    `97${N}%`,
    `35${N}%`,
    `0${N}%`,
    `−15${N}%`,
    `−51${N}%`,
    `−99${N}%`,
  ]);
  expect([-1, -1.4, -6.2, -11].map(words)).toEqual(["2.0×", "2.4×", "7.2×", "12×"]);
  expect(headroomWords(float("x", null, "past"))).toBe(`over${N}4×`);
  // A little past the line is past it, a little under all is not all.
  expect([percent(-0.004), percent(0.004), percent(0.998), percent(1)]).toEqual([
    `−1${N}%`,
    `1${N}%`,
    `99${N}%`,
    `100${N}%`,
  ]);
});

const write = float("write", -0.51, "past", {
  ratio: 1.51,
  value: 1.51,
  limit: 1,
  usual_headroom: 0.71,
  since: at(14, 9),
});

it("a float is told as a list item and in detail", () => {
  expect(floatSentence(write, "classes")).toBe(`write, −51${N}%, past the line, p95 1.51${N}s of 1.00${N}s`);
  expect(floatDetail(write, "classes", NOW)).toBe(`p95 1.51${N}s, line 1.00${N}s; usually 290${N}ms. Past since 14:09`);
  const pool = float("postgres", -0.15, "past", { value: 23, limit: 20, unit: "count", usual_headroom: 0.65 });
  expect(floatDetail(pool, "pools", NOW)).toBe("23 in use, line 20; usually 7");
  expect(floatSentence(pool, "pools")).toBe(`postgres, −15${N}%, past the line, 23 in use of 20`);
  const cpu = float("CPU", 0.55, "in_target", { value: 0.36, limit: 0.8, unit: "ratio", since: at(14, 9) });
  expect(floatDetail(cpu, "resources", NOW)).toBe(`36${N}%, line 80${N}%`);
});

it("what will reach its line says when, near ones finer, with the ends of what is likely", () => {
  const disk = float("disk", 0.18, "close", {
    value: 0.74,
    limit: 0.9,
    unit: "ratio",
    since: at(9, 0),
    reaches_limit_days: { median: 12.2, early: 9.4, late: 16.3 },
  });
  expect(floatDetail(disk, "resources", NOW)).toBe(
    `74${N}%, line 90${N}%. Close since 09:00. Reaches its line in 12${N}days (9–17)`,
  );
  const words = (median: number, early: number, late: number | null) => aheadWords({ median, early, late });
  expect(words(0.74, 0.3, 1.2)).toBe(`reaches its line in 18${N}hours (0–2)`);
  expect(words(0.99, 0.9, 1.2)).toBe(`reaches its line in 1${N}day (0–2)`);
  expect(words(1.52, 1.2, 2)).toBe(`reaches its line in 1.5${N}days (1–2)`);
  expect(words(23, 17, null)).toBe(`reaches its line in 23${N}days (17 or more)`);
});

it("what is not known says why", () => {
  const idle = float("export", null, "unknown", { reason: "idle", idle_seconds: 2_460 });
  expect(floatWords(idle)).toEqual({ name: "export", value: "idle", more: `${N}41${N}min` });
  expect(floatSentence(idle, "classes")).toBe(`export, idle${N}41${N}min`);
  expect(floatDetail(idle, "classes", NOW)).toBe(`No request for 41${N}min`);
  const none = float("disk", null, "unknown", { reason: "no data" });
  expect([floatWords(none).value, floatDetail(none, "resources", NOW)]).toEqual(["no data", "No data"]);
});

it("several calm floats are one mark with their number and the lowest", () => {
  const merged = [float("b", 0.71, "in_target"), float("a", 0.9, "in_target")];
  const [lowest] = merged;
  expect(lowest && floatWords(lowest, merged)).toEqual({ name: "2 in target", value: `lowest 71${N}%`, more: "" });
  expect(lowest && floatSentence(lowest, "classes", merged)).toBe(`2 in target, lowest 71${N}%`);
  expect(lowest && floatDetail(lowest, "classes", NOW, merged)).toBe(`b 71${N}% and a 90${N}%`);
  const mixed = [float("c", 0.3, "acceptable"), ...merged];
  expect(mixed[0] && floatWords(mixed[0], mixed).name).toBe("2 in target, 1 acceptable");
});

it("the usual value is on the side of the line that value, limit and ratio show", () => {
  expect(usualValue(write)).toBeCloseTo(0.29);
  // A hit rate of 94.1 % over a floor of 70 %: 1 − 0.059 / 0.3 is its headroom; usually 0.5 of it, 85 %.
  const hits = { ...write, value: 0.941, limit: 0.7, ratio: 0.059 / 0.3, headroom: 0.803, usual_headroom: 0.5 };
  expect(usualValue(hits)).toBeCloseTo(0.85);
  // 40 requests a minute over a floor of 10; usually 20.
  const floor = { ...write, value: 40, limit: 10, ratio: 0.25, headroom: 0.75, usual_headroom: 0.5 };
  expect(usualValue(floor)).toBeCloseTo(20);
  expect(usualValue({ ...write, ratio: 9 })).toBeNull();
});

const small = (name: string, place: SmallFloat["place"], headroom: number | null): SmallFloat => ({
  id: name,
  name,
  group: "classes",
  place,
  headroom,
  ratio: headroom === null ? null : 1 - headroom,
});

function line(service: string, floats: SmallFloat[], more: Partial<SmallLoadLine> = {}): SmallLoadLine {
  const verdict = { bold: `${service} is healthy.`, rest: "", more: "" };
  return { service, state: "healthy", score: 95, floats, verdict, finding: null, ...more };
}

const well = small("read", "in_target", 0.9);
const past = small("write", "past", -0.51);
const close = small("outbox", "close", 0.12);

it("the sentence over all services names those past their line, the server itself is none of them", () => {
  const shop = line("shop", [well, past], { state: "degraded" });
  const billing = line("billing", [small("read", "unknown", null)], { state: "silent" });
  const mailer = line("mailer", [close], { finding: "The outbox fills faster than it sends." });
  const told = ofLoadLines([shop, billing, mailer, line("search", [well]), line("plimsoll", [past])]);
  expect(told.head).toEqual({
    bold: "1 of 4 services is past its line:",
    rest: "shop. billing is silent.",
  });
  expect(told.more).toBe(
    "The other two are healthy. mailer is close to its line: The outbox fills faster than it sends.",
  );
  expect(ofLoadLines([shop, line("b", [past])]).head.bold).toBe("2 of 2 services are past their line:");
});

it("all services above their line are told with the lowest", () => {
  const told = ofLoadLines([line("shop", [well, close]), line("mailer", [well])]);
  expect(`${told.head.bold} ${told.head.rest}`).toBe(
    `All 2 services are above their line. outbox of shop is the lowest with 12${N}% headroom.`,
  );
  expect(ofLoadLines([]).head.bold).toBe("Not enough data to judge yet.");
  expect(ofLoadLines([line("a", []), line("b", [], { state: "silent" })]).head).toEqual({
    bold: "1 of 2 services is silent:",
    rest: "b.",
  });
});

it("a single service has the sentence of the server", () => {
  const verdict = { bold: "shop is degraded.", rest: "Writes run 51 % past their line.", more: "Else all floats." };
  expect(ofLoadLines([line("shop", [past], { verdict })])).toEqual({
    head: { bold: verdict.bold, rest: verdict.rest },
    more: verdict.more,
  });
});

it("states come from the score, places from headroom, and never mix", () => {
  const words = (floats: SmallFloat[], state: SmallLoadLine["state"]) => stateWords(line("s", floats, { state }));
  expect(words([well], "healthy")).toEqual({ shape: "t", words: "healthy" });
  expect(words([close], "healthy")).toEqual({ shape: "w", words: "healthy, 1 close" });
  expect(words([past], "healthy")).toEqual({ shape: "p", words: "healthy, 1 past" });
  expect(words([past], "degraded")).toEqual({ shape: "p", words: "degraded" });
  expect(words([well], "unhealthy")).toEqual({ shape: "p", words: "unhealthy" });
  expect(words([well], "unknown")).toEqual({ shape: "n", words: "not enough data" });
  const order = [
    line("plimsoll", [past]),
    line("a", [well]),
    line("b", [close]),
    line("c", [well], { state: "silent" }),
    line("d", [past]),
  ].map(pressingOf);
  expect(order).toEqual([...order].sort((a, b) => a - b));
});

it("a list says what is past, else what is close, else that all is above", () => {
  expect(floatsWords([past, well, { ...past, name: "postgres" }])).toBe("2 past the line: write, postgres");
  expect(floatsWords([close, well])).toBe("1 close to the line: outbox");
  expect(floatsWords([well, well, small("x", "unknown", null)])).toBe("all 2 above the line");
  expect(floatsWords([small("x", "unknown", null)])).toBe("not enough data");
  expect(whyWords(line("shop", [past], { state: "degraded" }))).toBe("1 past the line: write");
  const verdict = { bold: "shop is new:", rest: "2 of 6 windows seen, first verdict at 14:40.", more: "" };
  expect(whyWords(line("shop", [], { state: "new", verdict }))).toBe(
    "shop is new: 2 of 6 windows seen, first verdict at 14:40.",
  );
});

it("where nothing is known the water says since when", () => {
  const seen = new Date(2026, 10, 27, 13, 58).getTime();
  expect(noDataWords(seen, NOW).bold).toBe("No data since 13:58.");
  expect(noDataWords(Number.NaN, NOW).bold).toBe("No data yet.");
});

it("a score says what it is of and what it was", () => {
  expect(ofHundred({ value: 71, before: 92, before_time: at(14, 0) }, NOW)).toBe(`of 100 · was${N}92 at 14:00`);
  expect(ofHundred({ value: 94, before: 94.2, before_time: null }, NOW)).toBe("of 100");
  expect(ofHundred({ value: null, before: 92, before_time: null }, NOW)).toBe("not enough data");
  expect([15, -15, 0.4, -0.04, 0].map(points)).toEqual(["15", "−15", "0.4", "0", "0"]);
});

it("a finding's evidence begins with how severe and since when", () => {
  const finding: Pick<Finding, "kind" | "severity" | "place" | "since" | "evidence"> = {
    kind: "slow_request",
    severity: "medium",
    place: "past",
    since: at(14, 9),
    evidence: [`p95 2.41${N}s, usually 412${N}ms`],
  };
  expect(evidenceWords(finding, NOW)).toBe(`Medium · since 14:09 · p95 2.41${N}s, usually 412${N}ms`);
  expect(evidenceWords({ ...finding, severity: null, place: "close", evidence: [] }, NOW)).toBe("Close · since 14:09");
  // What is foreseen has not begun.
  const ahead = { ...finding, kind: "forecast", severity: "low" as const, place: "close" as const, evidence: [] };
  expect(evidenceWords(ahead, NOW)).toBe("Low · foreseen since 14:09");
  expect(findingsWords([{ place: "past" }, { place: "past" }, { place: "close" }])).toBe("2 past the line, 1 close");
  expect(findingsWords([])).toBe("nothing past the line, nothing close");
});

it("a suggestion says who gave it and when, and whether it is about what is found now", () => {
  const of = { model: "llama3.2", time: at(14, 20), findings: ["class:write", "pool:postgres"] };
  expect(suggestedBy(of, ["pool:postgres", "class:write"], NOW)).toBe("llama3.2, 14:20");
  expect(suggestedBy(of, ["class:write"], NOW)).toBe("llama3.2, 14:20, of the findings of then");
});
