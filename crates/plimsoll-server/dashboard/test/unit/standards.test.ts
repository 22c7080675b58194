import { expect, it } from "vitest";
import type { Thresholds } from "../../src/api/judged";
import { viewOf } from "../../src/route/location";
import {
  changesNothing,
  changesOf,
  classOrigin,
  draftBands,
  fieldText,
  fieldValue,
  resetOf,
  wrongs,
} from "../../src/standards/edit";
import { placeOf } from "../../src/words/place";

const SAVED: Thresholds = {
  slow_request_threshold: 1,
  slow_query_threshold: 0.1,
  high_memory_threshold: 500,
  error_rate_threshold: 0.05,
  origins: { slow_request_threshold: "put", error_rate_threshold: "file", "classes.write.investigate_seconds": "put" },
  classes: {
    write: { target_seconds: 0.2, acceptable_seconds: 0.5, investigate_seconds: 1 },
    read: { target_seconds: 0.1, acceptable_seconds: 0.25, investigate_seconds: 0.5 },
  },
};

it("fields show what is saved, and only what is another number is sent", () => {
  expect([fieldText(0.25, 1000), fieldText(0.07, 100), fieldText(512, 1)]).toEqual(["250", "7", "512"]);
  expect(changesOf({ "classes.write.target_seconds": "200", slow_request_threshold: "1000.0" }, SAVED)).toEqual({});
  const changes = changesOf({ "classes.write.target_seconds": "250", error_rate_threshold: "7", nothing: "5" }, SAVED);
  expect(changes).toEqual({ error_rate_threshold: 0.07, classes: { write: { target_seconds: 0.25 } } });
  expect([changesNothing({}), changesNothing(changes)]).toEqual([true, false]);
});

it("what is no number is none, and is said beside its field", () => {
  expect(["", "1e3", "-5", "1,5", "12x", " 7 "].map((text) => fieldValue(text, 1))).toEqual([
    null,
    null,
    null,
    null,
    null,
    7,
  ]);
  const wrong = wrongs(
    { slow_query_threshold: "fast", error_rate_threshold: "101", high_memory_threshold: "0" },
    SAVED,
  );
  expect(wrong).toEqual({
    slow_query_threshold: "not a number",
    error_rate_threshold: "at most 100 %",
    high_memory_threshold: "must be more than 0",
  });
  // What is wrong is never sent.
  expect(changesOf({ slow_query_threshold: "fast" }, SAVED)).toEqual({});
});

it("bands do not fall, whichever of them is edited", () => {
  expect(wrongs({ "classes.write.acceptable_seconds": "100" }, SAVED)).toEqual({
    "classes.write.acceptable_seconds": "acceptable is less than target",
  });
  expect(wrongs({ "classes.write.target_seconds": "600" }, SAVED)).toEqual({
    "classes.write.acceptable_seconds": "acceptable is less than target",
  });
  expect(wrongs({ "classes.write.target_seconds": "500" }, SAVED)).toEqual({});
  expect(draftBands({ "classes.read.target_seconds": "x" }, "read", SAVED.classes.read as never)).toBeNull();
});

it("only what was set here goes back to the file", () => {
  expect(resetOf(SAVED)).toEqual({
    slow_request_threshold: null,
    classes: { write: { target_seconds: null, acceptable_seconds: null, investigate_seconds: null } },
  });
  expect(resetOf(SAVED, "slow_request_threshold")).toEqual({ slow_request_threshold: null });
  expect([classOrigin(SAVED, "write"), classOrigin(SAVED, "read")]).toEqual(["put", undefined]);
});

it("a value lies where the server puts it, at the edge on the better side", () => {
  const write = SAVED.classes.write as Thresholds["classes"][string];
  expect([0.2, 0.21, 0.5, 0.51, 1, 1.01].map((p95) => placeOf(p95, write))).toEqual([
    "in_target",
    "acceptable",
    "acceptable",
    "close",
    "close",
    "past",
  ]);
});

it("alerts and standards have paths of their own", () => {
  expect(viewOf("/alerts")).toEqual({ name: "alerts" });
  expect(viewOf("/standards")).toEqual({ name: "standards", service: null });
  expect(viewOf("/services/a%2Fb/standards")).toEqual({ name: "standards", service: "a/b" });
  expect(viewOf("/services/a/nothing")).toEqual({ name: "none" });
});
