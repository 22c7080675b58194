import { expect, it, vi } from "vitest";
import { problemOf, urlOf } from "../../src/api/client";
import { isAnother, reloadOnce } from "../../src/live/build";
import { type Connection, slept, step, wait } from "../../src/live/connection";
import { untilNext } from "../../src/live/stream";
import { themeOf } from "../../src/parts/theme";
import { lampWords } from "../../src/words/lamp";

const T = new Date(2026, 10, 27, 14, 32, 10).getTime();

it("a connection that is lost says since when, and waits longer each time", () => {
  let connection: Connection = { state: "live", by: "stream" };
  connection = step(connection, { what: "failed" }, T);
  expect(connection).toEqual({ state: "lost", since: T, attempt: 0, nextTry: T + 1_000 });
  connection = step(connection, { what: "failed" }, T + 1_100);
  expect(connection).toEqual({ state: "lost", since: T, attempt: 1, nextTry: T + 3_100 });
  expect(lampWords(connection, T + 1_100)).toBe("Lost at 14:32:10, next try in 2\u00a0s");
  expect([0, 1, 2, 3, 4, 40].map(wait)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  expect(step(connection, { what: "opened", by: "stream" }, T)).toEqual({ state: "live", by: "stream" });
});

it("what is paused stays so until it is told to go on", () => {
  const paused = step({ state: "live", by: "asking" }, { what: "paused" }, T);
  expect(lampWords(paused, T)).toBe("Paused at 14:32:10");
  expect(step(paused, { what: "failed" }, T)).toBe(paused);
  expect(step(paused, { what: "opened", by: "stream" }, T)).toBe(paused);
  expect(step(paused, { what: "resumed" }, T)).toEqual({ state: "connecting" });
});

it("a timer that is an hour late means that the machine slept", () => {
  expect(slept(T, T + 3_600_000)).toBe(true);
  expect(slept(T, T + 2_000)).toBe(false);
});

it("another build of the page is one that the server names and this page is not", () => {
  expect(isAnother("a", "b")).toBe(true);
  expect([isAnother("a", "a"), isAnother("a", null), isAnother("", "b"), isAnother("a", "")]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it("a part that is gone makes the page load anew once, not for ever", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  };
  const reload = vi.fn();
  expect(reloadOnce(storage as unknown as Storage, T, reload)).toBe(true);
  expect(reloadOnce(storage as unknown as Storage, T + 5_000, reload)).toBe(false);
  expect(reloadOnce(storage as unknown as Storage, T + 120_000, reload)).toBe(true);
  expect(reload).toHaveBeenCalledTimes(2);
});

it("a problem is told with its field and value, and a page of a proxy as its status", () => {
  const told = problemOf(400, '{"detail":"step must be a duration","field":"step","value":"fast"}');
  expect(told.sentence).toBe('Step must be a duration (step is "fast").');
  expect(problemOf(502, "<html>bad gateway</html>").sentence).toBe("The server answered 502.");
  expect(urlOf("/a", { service: "a b&c", minutes: 5, none: null })).toBe("/a?service=a+b%26c&minutes=5");
  expect([themeOf("dark"), themeOf("pink"), themeOf(null)]).toEqual(["dark", "system", "system"]);
});

it("where there is no stream, the page asks a moment after each window", () => {
  expect([20_000, 21_199, 21_200, 25_000].map((now) => untilNext(now, 10_000))).toEqual([1_200, 1, 10_000, 6_200]);
});
