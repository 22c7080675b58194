import { expect, it } from "vitest";
import { servicePath, viewOf, withParams } from "../../src/route/location";
import {
  finestStep,
  moved,
  neighbour,
  RANGES,
  rangeOf,
  rangeParam,
  zoomOf,
  zoomParam,
  zoomStep,
} from "../../src/route/range";
import { reportParams } from "../../src/words/report";

it("a URL names a range; what it does not know is the usual one", () => {
  expect(rangeOf("7d").minutes).toBe(10_080);
  expect([null, "", "8d", "constructor"].map((text) => rangeOf(text).id)).toEqual(["1h", "1h", "1h", "1h"]);
  expect(RANGES.map(rangeParam)).toEqual(["15m", null, "6h", "24h", "7d"]);
  expect(neighbour(rangeOf("7d"), 1).id).toBe("7d");
  expect(neighbour(rangeOf("1h"), -1).id).toBe("15m");
});

it("a zoom goes into the URL and comes back; nonsense is no zoom", () => {
  const zoom = { from: 1_766_000_000_000, to: 1_766_000_600_000 };
  expect(zoomOf(zoomParam(zoom))).toEqual(zoom);
  const nonsense = [null, "a-b", "1766000600000-1766000000000", "1766000000000-1766000001000", "-"];
  expect(nonsense.map(zoomOf)).toEqual([null, null, null, null, null]);
  expect([zoomStep(zoom, 10), zoomStep(zoom, 60)]).toEqual([10, 60]);
  expect(zoomStep({ from: 0, to: 6 * 3_600_000 }, 10)).toBe(300);
});

it("keys move a part by half of it, and never past now", () => {
  const part = { from: 1_000_000, to: 1_600_000 };
  expect(moved(part, { shift: -1 }, 2_000_000)).toEqual({ from: 700_000, to: 1_300_000 });
  expect(moved(part, { shift: 1 }, 1_700_000)).toEqual({ from: 1_100_000, to: 1_700_000 });
  expect(moved(part, { scale: -1 }, 2_000_000)).toEqual({ from: 1_150_000, to: 1_450_000 });
  expect(moved(part, { scale: 1 }, 1_700_000)).toEqual({ from: 500_000, to: 1_700_000 });
});

it("paths are views, with names of services as they are", () => {
  expect(viewOf("/")).toEqual({ name: "services" });
  expect(viewOf(servicePath("a/b c"))).toEqual({ name: "service", service: "a/b c" });
  expect(viewOf("/services/%E0%A4%A")).toEqual({ name: "none" });
  expect(viewOf("/nothing")).toEqual({ name: "none" });
  expect(withParams("/a?q=x&sort=p95", { q: null, range: "6h" })).toBe("/a?sort=p95&range=6h");
  expect(withParams("/a?q=x", { q: "" })).toBe("/a");
});

it("a service that exports every minute has no finer steps", () => {
  expect([["library"], ["metric"], ["metric", "library"], ["span"], undefined].map(finestStep)).toEqual([
    10, 60, 10, 10, 10,
  ]);
});

it("a report is asked for over the range in view, or since where it is zoomed to", () => {
  const now = new Date(2026, 10, 27, 14, 32, 10).getTime();
  expect(reportParams(rangeOf("6h"), null, now)).toEqual({ since: "-360m", words: "of 6 h" });
  expect(reportParams(rangeOf(null), null, now)).toEqual({ since: "-60m", words: "of 1 h" });
  const from = new Date(2026, 10, 27, 14, 7).getTime();
  expect(reportParams(rangeOf("6h"), { from, to: from + 60_000 }, now)).toEqual({
    since: String(from),
    words: "since 14:07",
  });
});
