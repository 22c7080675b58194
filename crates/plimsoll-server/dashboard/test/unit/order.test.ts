import { expect, it } from "vitest";
import { orderOf, orderParam, sorted, turned } from "../../src/parts/order";

const columns = [{ id: "route", value: () => "" }, { id: "p95", value: () => 0 }, { id: "line" }];
const usual = { by: "p95", down: true };

it("the order stands in the URL, and the usual one does not", () => {
  expect(orderOf("route", columns, usual)).toEqual({ by: "route", down: false });
  expect(orderOf("-route", columns, usual)).toEqual({ by: "route", down: true });
  expect([null, "line", "-", "toString"].map((text) => orderOf(text, columns, usual))).toEqual([
    usual,
    usual,
    usual,
    usual,
  ]);
  expect(orderParam(usual, usual)).toBeNull();
  expect(orderParam(turned(usual, "p95"), usual)).toBe("p95");
  expect(orderParam(turned(usual, "route"), usual)).toBe("-route");
});

it("rows without a value go last, whichever way; equals keep their order", () => {
  const rows = [{ v: 2 }, { v: null }, { v: 5, n: 1 }, { v: 5, n: 2 }];
  expect(sorted(rows, (row) => row.v, true)).toEqual([{ v: 5, n: 1 }, { v: 5, n: 2 }, { v: 2 }, { v: null }]);
  expect(sorted(rows, (row) => row.v, false).map((row) => row.v)).toEqual([2, 5, 5, null]);
  expect(sorted([{ v: "b" }, { v: "a" }], (row) => row.v, false).map((row) => row.v)).toEqual(["a", "b"]);
});
