import { expect, it } from "vitest";
import type { Service, TotalsRow } from "../../src/api/shapes";
import { listed, ofService, ofServices } from "../../src/words/sentences";
import { conditionOf, type Known, particulars } from "../../src/words/service";

const NOW = Date.parse("2026-11-27T14:32:10Z");
const N = "\u00a0";

function service(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    first_seen: "2026-11-20T08:00:00Z",
    last_seen: "2026-11-27T14:32:05Z",
    sources: ["library"],
    versions: [],
    environments: [],
    instances: [],
    instance_count: 0,
    ...more,
  };
}

function row(name: string, more: Partial<TotalsRow> = {}): TotalsRow {
  return {
    service: name,
    route: null,
    method: null,
    statuses: {},
    total_requests: 1_000,
    requests_per_minute: 200,
    errors: 0,
    error_rate: 0,
    client_errors: 0,
    cancelled: 0,
    p50_seconds: 0.02,
    p95_seconds: 0.412,
    p99_seconds: 1.51,
    ...more,
  };
}

function known(one: Service, now?: TotalsRow): Known {
  return { service: one, now, hour: undefined, condition: conditionOf(one, now, NOW) };
}

const text = (of: { head: { bold: string; rest: string }; more: string }) =>
  `${of.head.bold} ${of.head.rest} | ${of.more}`;

it("all that report are told in one sentence; the server itself is none of them", () => {
  const all = [
    known(service("shop"), row("shop")),
    known(service("mailer"), row("mailer")),
    known(service("plimsoll")),
  ];
  expect(text(ofServices(all))).toBe(
    "All 2 services are reporting. None fails, none is silent. | 400 requests per min in all, last 5 min.",
  );
});

it("what fails comes before what is silent", () => {
  const silent = service("billing", { last_seen: "2026-11-27T13:58:10Z" });
  const failing = known(service("shop"), row("shop", { errors: 34, error_rate: 0.034 }));
  const told = ofServices([failing, known(silent), known(service("mailer"), row("mailer"))]);
  expect(told.head).toEqual({
    bold: "1 of 3 services answers with errors:",
    rest: `shop, 3.4${N}% of its requests. billing has been silent for 34${N}minutes.`,
  });
  expect(told.more).toMatch(/^The other one is reporting\. /);
});

it("a service is silent when its windows stay away, one that sends every minute later", () => {
  const seen = (seconds: number, sources: string[]) =>
    conditionOf(service("s", { sources, last_seen: new Date(NOW - seconds * 1_000).toISOString() }), undefined, NOW).is;
  expect([seen(44, ["library"]), seen(46, ["library"])]).toEqual(["reporting", "silent"]);
  expect([seen(149, ["metric"]), seen(151, ["metric"])]).toEqual(["reporting", "silent"]);
});

it("rows that the server itself computes of a service are no sign of it", () => {
  const at = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();
  const instance = { version: null, environment: null, revision: null, first_seen: at(3_600) };
  const instances = [
    { ...instance, instance: "", last_seen: at(5) },
    { ...instance, instance: "a:1", last_seen: at(240) },
  ];
  const gone = service("shop", { instances, instance_count: 2, last_seen: at(5) });
  expect(conditionOf(gone, row("shop"), NOW)).toEqual({ is: "silent", forSeconds: 240 });
});

it("several that fail are told with their shares", () => {
  const failing = (name: string, ratio: number) => known(service(name), row(name, { error_rate: ratio }));
  expect(ofServices([failing("shop", 0.028), failing("mailer", 0.4)]).head).toEqual({
    bold: "2 of 2 services answer with errors:",
    rest: `shop (2.8${N}%) and mailer (40${N}%).`,
  });
});

it("a service is told by its numbers, and no sentence is too long", () => {
  const failing = row("shop", { errors: 34, error_rate: 0.034 });
  const routes = [row("shop", { method: "POST", route: "/orders", errors: 34, error_rate: 0.3 })];
  const slower = { name: "GET /search", ratio: 5.8, p95: 2.41, usual: 0.412 };
  const told = ofService(known(service("shop"), failing), routes, slower);
  expect(text(told)).toBe(
    `shop answers 3.4${N}% of its requests with errors. 200 requests per min, 95${N}% of them within 412${N}ms. | ` +
      `34 requests failed in 5 minutes, all in POST /orders. ` +
      `Furthest from its usual: GET /search, 5.8× (p95 2.41${N}s, usually 412${N}ms).`,
  );
  expect(`${told.head.bold} ${told.head.rest}`.split(/\s/).length).toBeLessThanOrEqual(25);
  const idle = ofService(known(service("shop")), [], null);
  expect(idle.head.rest).toBe("It had no requests in the last 5 minutes.");
});

it("names are listed, many are counted", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]].map((names) => listed(names))).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
    "a, b and 2 more",
  ]);
});

it("particulars are those that were told; rows without an instance are none", () => {
  const seen = { first_seen: "2026-11-27T08:00:00Z", last_seen: "2026-11-27T14:32:05Z" };
  const instances = [
    { instance: "", version: null, environment: null, revision: null, ...seen },
    { instance: "a:1", version: "2.14.0", environment: "prod", revision: null, ...seen },
  ];
  expect(particulars(service("shop", { instances, instance_count: 4 }))).toBe("prod · v2.14.0 · 3 instances");
  expect(particulars(service("shop"))).toBe("–");
  // With the commit, as far as it is told.
  const built = (version: string | null, revision: string | null) =>
    particulars(
      service("shop", {
        instances: [{ instance: "a:1", version, environment: null, revision, ...seen }],
        instance_count: 1,
      }),
    );
  expect([built("2.14.0", "a1f3c9e2b7"), built(null, "a1f3c9e"), built("v3", null)]).toEqual([
    "v2.14.0 a1f3c9e · 1 instance",
    "a1f3c9e · 1 instance",
    "v3 · 1 instance",
  ]);
});
