import { describe, expect, it } from "vitest";
import type { Float, FloatGroup, PlaceName } from "../../src/api/judged";
import { columnsOf, columnWidth, middles } from "../../src/load-line/columns";
import {
  acrossOf,
  deepest,
  depth,
  headroomOf,
  heightOf,
  LOW,
  ratioOf,
  shapeOf,
  TALL,
  ticks,
  usualDash,
} from "../../src/load-line/geometry";
import { type Label, lifts, lowestWords } from "../../src/load-line/labels";
import { xOf, yOf } from "../../src/load-line/MiniLine";
import { resourceOf } from "../../src/load-line/resources";
import { cellPlace } from "../../src/parts/ScaleCell";
import { float } from "./floats";

function group(name: FloatGroup["name"], floats: Float[]): FloatGroup {
  return { name, label: name, against: "", floats };
}

describe("heights", () => {
  it("are linear above the line and logarithmic below it", () => {
    expect([1, 0.97, 0.5, 0.2, 0].map((headroom) => Math.round(heightOf(headroom, TALL)))).toEqual([
      0, 5, 84, 134, 168,
    ]);
    // 1.51×: ln 1.51 / ln 4 = 0.297 of 104 px below the line.
    expect(Math.round(heightOf(-0.51, TALL))).toBe(168 + 31);
    expect([1.15, 1.51, 2.4, 3.3, 7.2].map((ratio) => Number(depth(ratio).toFixed(3)))).toEqual([
      0.101, 0.297, 0.632, 0.861, 1,
    ]);
    expect(heightOf(Number.NEGATIVE_INFINITY, TALL)).toBe(168 + 104);
    // More than all is not higher than all.
    expect(heightOf(1.2, TALL)).toBe(0);
  });

  it("have marks where severities begin", () => {
    const marks = ticks(TALL).map(({ words, y }) => [words, Math.round(y)]);
    const below = [0.29, 0.5, 0.79].map((share) => 168 + share * 104);
    expect(marks.slice(0, 3)).toEqual([
      ["100\u00a0%", 0],
      ["50", 84],
      ["20", 134],
    ]);
    expect(marks.slice(3).map(([words]) => words)).toEqual(["1.5×", "2×", "3×"]);
    below.forEach((y, at) => {
      expect(Math.abs(Number(marks[3 + at]?.[1]) - y)).toBeLessThan(1);
    });
    expect(ticks(LOW).map(({ words }) => words)).toEqual(["100\u00a0%", "50", "20", "2×"]);
  });

  it("become distances from an upright line at 70 %, with 28 % to four times", () => {
    expect([1, 0.5, 0, -1, -3, -9].map((headroom) => Math.round(acrossOf(headroom)))).toEqual([0, 35, 70, 84, 98, 98]);
  });

  it("of the small drawing show that something is past, however little", () => {
    expect([0.97, 0.35, 0.18].map((headroom) => Math.round(yOf(headroom)))).toEqual([7, 29, 36]);
    expect([yOf(-0.01), yOf(-0.51), yOf(-9)]).toEqual([44, 45.6, 54]);
    expect([xOf(0, 18), xOf(17, 18), xOf(3, 7)]).toEqual([13.8, 210.2, 112]);
  });

  it("of a cell have the limit at five eighths, and nothing beyond 98 %", () => {
    expect(cellPlace(0.5, 1)).toBe(31.25);
    expect(cellPlace(1.51, 1)).toBeCloseTo(94.4, 1);
    expect([cellPlace(9, 1), cellPlace(0, 1), cellPlace(1, 0)]).toEqual([98, 0, 98]);
  });
});

describe("marks", () => {
  it("are those of the place; four times past are two triangles", () => {
    const of = (headroom: number | null, place: PlaceName) => shapeOf(float("x", headroom, place));
    expect([of(0.9, "in_target"), of(0.4, "acceptable"), of(0, "close"), of(null, "unknown")]).toEqual([
      "t",
      "a",
      "w",
      "n",
    ]);
    expect([of(-0.01, "past"), of(-2.99, "past"), of(-3, "past")]).toEqual(["p", "p", "pp"]);
    // A floor of which nothing is left has no number, and lies on the ground.
    expect(of(null, "past")).toBe("pp");
    expect(headroomOf(float("x", null, "past"))).toBe(Number.NEGATIVE_INFINITY);
    expect(deepest([float("x", 0.2, "close"), float("y", -1.4, "past")])).toBeCloseTo(2.4);
  });

  it("never show the last known height of what is not known", () => {
    const idle = float("export", 0.9, "unknown", { reason: "idle" });
    expect([headroomOf(idle), ratioOf(idle), usualDash({ ...idle, usual_headroom: 0.1 })]).toEqual([null, null, null]);
  });

  it("have a dash where 25 points or more differ from the usual", () => {
    const dash = (headroom: number, usual: number | null) =>
      usualDash(float("x", headroom, "close", { usual_headroom: usual }));
    expect([dash(0.35, 0.6), dash(0.35, 0.59), dash(-0.51, 0.71), dash(0.9, 0.65), dash(0.9, null)]).toEqual([
      0.6,
      null,
      0.71,
      0.65,
      null,
    ]);
  });
});

describe("columns", () => {
  const calm = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => float(`f${from + at}`, 0.95 - at / 100, "in_target"));

  it("keep the order of the configuration, and share what the gaps leave", () => {
    const columns = columnsOf(
      [
        group("classes", [float("b", 0.1, "close"), float("a", -1, "past")]),
        group("pools", []),
        group("queues", calm(1)),
      ],
      true,
    );
    expect(columns.map(({ ones }) => ones.map((one) => one.float.name))).toEqual([["b", "a"], ["f0"]]);
    expect(columnWidth(columns, 324)).toBe(100);
    expect(middles(columns, 324)).toEqual([50, 150, 274]);
  });

  it("of more than forty floats merge what is calm in a group, at the height of the lowest", () => {
    const past = float("write", -0.5, "past");
    const many = group("classes", [...calm(20), past, ...calm(20, 20)]);
    const [merged] = columnsOf([many], true);
    expect(merged?.ones.map((one) => [one.merged.length, one.float.name])).toEqual([
      [40, "f19"],
      [1, "write"],
    ]);
    // Forty are not too many, and rows have room for all.
    expect(columnsOf([group("classes", calm(40))], true)[0]?.ones).toHaveLength(40);
    expect(columnsOf([many], false)[0]?.ones).toHaveLength(41);
  });

  it("merge nothing where only one is calm", () => {
    const [, second] = columnsOf(
      [group("classes", calm(40)), group("pools", [...calm(1, 40), float("p", 0.1, "close")])],
      true,
    );
    expect(second?.ones.map((one) => one.key)).toEqual(["class:f40", "class:p"]);
  });
});

describe("words at the marks", () => {
  const label = (x: number, y: number, more: Partial<Label> = {}): Label => ({
    x,
    y,
    width: 50,
    where: "over",
    calm: false,
    ...more,
  });

  it("stay where they are unless they touch; then the second is lifted to clear the first", () => {
    expect(lifts([label(0, 150), label(60, 150)], [])).toEqual([0, 0]);
    // Marks 31 px apart, 6 px of height between them: 24 px are missing.
    expect(lifts([label(0, 150), label(31, 156)], [])).toEqual([0, 36]);
    expect(lifts([label(0, 150), label(31, 100)], [])).toEqual([0, 0]);
  });

  it("under the line go down, and the drawing grows with them", () => {
    const labels = [label(0, 200, { where: "under" }), label(31, 200, { where: "under" })];
    const lifted = lifts(labels, []);
    expect(lifted).toEqual([0, 30]);
    expect(lowestWords(labels, lifted)).toBe(200 + 13 + 30 + 30);
  });

  it("do not stand on the mark of a neighbour", () => {
    expect(lifts([label(0, 150)], [{ x: 20, y: 120 }])).toEqual([27]);
  });

  it("of a calm float wait where there is no room above, those of others never", () => {
    const tight = [label(0, 48, { calm: true }), label(20, 48, { calm: true })];
    expect(lifts(tight, [])).toEqual([0, null]);
    expect(lifts([label(0, 48), label(20, 48)], [])).toEqual([0, 30]);
    expect(lifts([null], [])).toEqual([null]);
  });
});

it("a resource is found by its id or name", () => {
  const groups = [
    group("resources", [
      float("CPU", 0.5, "in_target", { id: "resource:cpu_ratio" }),
      float("disk I/O", 0.5, "in_target", { id: "resource:disk_io" }),
    ]),
  ];
  expect(resourceOf(groups, "cpu")?.name).toBe("CPU");
  expect(resourceOf(groups, "disk")).toBeNull();
  expect(resourceOf([], "memory")).toBeNull();
});
