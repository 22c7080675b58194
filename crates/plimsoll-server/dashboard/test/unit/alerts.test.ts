import { expect, it } from "vitest";
import type { Alert, StandardsClass } from "../../src/api/judged";
import { nearest, placed } from "../../src/charts/lanes";
import {
  againstWords,
  alertFacts,
  alertsHead,
  alertTitle,
  laneWords,
  lasted,
  nameOfKey,
  silencedWhat,
  untilWords,
} from "../../src/words/alerts";
import { silenceWish } from "../../src/words/silence";
import {
  bandsWords,
  besideBands,
  budgetWords,
  objectiveWords,
  originWords,
  replayWords,
} from "../../src/words/standards";

const N = "\u00a0";
const NOW = new Date(2026, 10, 27, 14, 32, 10).getTime();
const at = (hours: number, minutes: number) => new Date(2026, 10, 27, hours, minutes).toISOString();

function alert(more: Partial<Alert> = {}): Alert {
  return {
    id: "12",
    service: "shop",
    key: "class:write",
    type: "slow_request",
    severity: "medium",
    message: "write p95 1.51 s, its line 1.00 s",
    threshold: 1,
    current_value: 1.51,
    unit: "s",
    state: "firing",
    since: at(14, 9),
    fired_at: at(14, 12),
    resolved_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    silenced_until: null,
    finding: "class:write",
    resolved_by: null,
    ...more,
  };
}

it("what fires is told in a sentence", () => {
  expect(alertsHead([alert()], null, NOW).head).toEqual({
    bold: "1 alert is firing:",
    rest: "write past its line in shop, since 14:09.",
  });
  const two = [alert(), alert({ id: "13", key: "pool:postgres", acknowledged_at: at(14, 20) })];
  expect(alertsHead([...two, alert({ id: "14", state: "pending", fired_at: null })], null, NOW)).toEqual({
    head: { bold: "2 alerts are firing:", rest: "write of shop and postgres of shop." },
    more: "1 alert is pending: it fires if it goes on. 1 of those that fire is acknowledged.",
  });
  expect(alertsHead(two, "shop", NOW).head).toEqual({
    bold: "2 alerts are firing in shop:",
    rest: "write and postgres.",
  });
  expect(alertsHead([alert({ state: "resolved" })], "shop", NOW).head.bold).toBe("Nothing fires in shop.");
});

it("an alert is named by its line; one that has none by its message", () => {
  expect(alertTitle(alert())).toBe("write past its line");
  expect(alertTitle(alert({ type: "silence", message: "shop has been silent for 3 min." }))).toBe(
    "shop has been silent for 3 min",
  );
});

it("floors, checks, budgets and forecasts are told from what is past its line", () => {
  expect(
    ["class:write", "floor:write", "burn:write", "check:database", "forecast:disk", "forecast:pool:postgres"].map(
      nameOfKey,
    ),
  ).toEqual(["write", "write floor", "write budget", "database check", "disk forecast", "postgres forecast"]);
  expect(["silence", "route:GET /a:b"].map(nameOfKey)).toEqual(["silence", "GET /a:b"]);
  const forecast = alert({
    key: "forecast:disk",
    type: "forecast",
    message: `Disk reaches its line in 12${N}days (9–17).`,
    current_value: 0.74,
    threshold: 0.9,
    unit: "ratio",
  });
  expect(`${alertTitle(forecast)}: ${againstWords(forecast)}`).toBe(
    `Disk reaches its line in 12${N}days (9–17): 74${N}%, line 90${N}%`,
  );
  const check = alert({ key: "check:database", type: "health_check", message: "The check database fails." });
  expect([alertTitle(check), againstWords(check)]).toEqual(["The check database fails", ""]);
  const floor = alert({ key: "floor:write", type: "silence", current_value: 3, threshold: 30, unit: "per_minute" });
  expect(againstWords(floor)).toBe("3.0 per min, line 30 per min");
  expect(alertsHead([forecast, floor], null, NOW).head.rest).toBe("disk forecast of shop and write floor of shop.");
});

it("its facts are those that it has", () => {
  const facts = alertFacts(
    alert({ acknowledged_at: at(14, 20), acknowledged_by: "ada", silenced_until: at(15, 30) }),
    NOW,
  );
  expect(facts).toEqual([
    "Medium",
    "since 14:09",
    "fires since 14:12",
    "acknowledged at 14:20 by ada",
    "silenced until 15:30",
  ]);
  // A silence that is over is none.
  expect(alertFacts(alert({ state: "pending", silenced_until: at(14, 30) }), NOW)).toEqual([
    "Medium",
    "since 14:09",
    "pending",
  ]);
  expect(lasted(alert({ resolved_at: at(14, 17) }), NOW)).toBe(`8${N}min`);
});

it("over the charts it stands with its state", () => {
  expect(laneWords(alert(), NOW)).toEqual({ bold: "write past its line", rest: ", medium, firing 14:12" });
  expect(laneWords(alert({ state: "resolved", severity: "low", resolved_at: at(14, 17) }), NOW)).toEqual({
    bold: "",
    rest: `write past its line, low, 8${N}min, resolved`,
  });
});

it("silences say what and until when", () => {
  expect([
    silencedWhat({ service: "shop", key: "class:write", severity: null }),
    silencedWhat({ service: "shop", key: null, severity: null }),
    silencedWhat({ service: null, key: null, severity: "low" }),
  ]).toEqual(["write of shop", "all of shop", "everything, low"]);
  expect(untilWords({ until: at(15, 30) }, NOW)).toBe(`15:30, in${N}57${N}min`);
  expect(untilWords({ until: at(14, 30) }, NOW)).toBe("14:30, over");
});

it("a silence that was asked for ends in the future, and has a reason", () => {
  expect(silenceWish("480", "", " deploying ", NOW)).toEqual({ minutes: 480, reason: "deploying" });
  expect(silenceWish("until", "2026-11-27T16:00", "", NOW)).toEqual({
    until: new Date(2026, 10, 27, 16).toISOString(),
    reason: "no reason given",
  });
  expect(silenceWish("until", "", "", NOW)).toBe("Say until when.");
  expect(silenceWish("until", "2026-11-27T14:00", "", NOW)).toBe("That is over already.");
});

const bands = (target: number, acceptable: number, investigate: number) => ({
  target_seconds: target,
  acceptable_seconds: acceptable,
  investigate_seconds: investigate,
});

it("bands share a unit, and the value beside them has it too", () => {
  expect(bandsWords(bands(0.01, 0.05, 0.1))).toBe(`10 · 50 · 100${N}ms`);
  expect(bandsWords(bands(0.6, 1.5, 3))).toBe(`600 · 1,500 · 3,000${N}ms`);
  expect(bandsWords(bands(1, 2.5, 5))).toBe(`1 · 2.5 · 5${N}s`);
  expect(besideBands(1.51, bands(0.2, 0.5, 1))).toBe(`1,510${N}ms`);
  expect(besideBands(3.2, bands(1, 2.5, 5))).toBe(`3.2${N}s`);
  expect(objectiveWords(0.995)).toBe(`99.5${N}%`);
});

it("a budget is left, gone within a day, or overdrawn", () => {
  const words = (left: number | null, gone: string | null) =>
    budgetWords({ budget_left: left, budget_gone_at: gone } satisfies Partial<StandardsClass> as StandardsClass, NOW);
  expect(words(0.88, at(19, 34))).toEqual({ left: `88${N}%`, note: "gone at 19:34", overdrawn: false });
  expect(words(-0.38, null)).toEqual({ left: `−38${N}%`, note: "overdrawn", overdrawn: true });
  expect(words(0.96, "2026-12-03T10:00:00Z")?.note).toBe("");
  expect(words(null, null)).toBeNull();
});

it("a replay says how often, and when there was less to replay", () => {
  const old = "2026-11-01T00:00:00Z";
  expect(replayWords({ days: 7, firings: 3, history_from: old }, NOW)).toBe(
    "With this the last 7 days would have fired 3 times.",
  );
  expect(replayWords({ days: 7, firings: 1, history_from: old }, NOW)).toBe(
    "With this the last 7 days would have fired once.",
  );
  expect(replayWords({ days: 7, firings: 0, history_from: at(8, 0) }, NOW)).toBe(
    "With this nothing would have fired in the last 7 days. There is something to replay since 08:00 only.",
  );
  expect(["put", "file", "default", "profile dev", undefined].map(originWords)).toEqual([
    "set here",
    "from the file",
    "default",
    "profile dev",
    "",
  ]);
});

it("lanes have words beside their mark, and another row where they would touch", () => {
  const period = { from: 0, to: 1_000 };
  const one = (id: string, from: number, to: number, words = 100) => ({ id, from, to, words });
  const { placed: shown, rows } = placed([one("a", 100, 200), one("b", 250, 300), one("c", 900, 1_500)], period, 500);
  expect(shown.map(({ of, row, left, width, side }) => [of.id, row, left, width, side])).toEqual([
    ["a", 0, 10, 10, "r"],
    ["b", 1, 25, 5, "r"],
    ["c", 0, 90, 10, "l"],
  ]);
  expect(rows).toBe(2);
  // In the right third words stand left, though there were room on the right.
  const short = placed([one("f", 600, 610, 20), one("g", 700, 710, 20)], period, 500).placed;
  expect(short.map(({ side }) => side)).toEqual(["r", "l"]);
  // What lasts all the time has its words on it; what lies outside is not shown.
  expect(placed([one("d", -50, 2_000)], period, 500).placed[0]?.side).toBe("in");
  expect(placed([one("e", 1_100, 1_200)], period, 500).placed).toEqual([]);
  const crowd = Array.from({ length: 6 }, (_, at) => one(String(at), 100, 110));
  expect(placed(crowd, period, 500).left.map(({ id }) => id)).toEqual(["4", "5"]);
  expect(nearest([one("a", 100, 200), one("b", 110, 300)], 108, period)?.id).toBe("b");
  expect(nearest([one("a", 100, 200)], 130, period)).toBeNull();
});
