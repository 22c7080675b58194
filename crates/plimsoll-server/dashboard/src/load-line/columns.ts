// Which columns the drawing has: one for each float, in the order of the configuration; of very many, the calm ones of a group are one.
import type { Float, FloatGroup } from "../api/judged";
import { headroomOf, isCalm } from "./geometry";

/** Between two groups, pixels. */
export const GROUP_GAP = 24;
/** In narrower columns calm floats drop their words. */
export const NARROW = 56;
/** With more floats than this the calm ones of a group are merged. */
export const MERGE_OVER = 40;

export interface One {
  key: string;
  float: Float;
  /** The floats that this column stands for, itself among them; the lowest first. */
  merged: readonly Float[];
}

export interface Columns {
  group: FloatGroup;
  ones: readonly One[];
}

/** The columns of each group that has floats. Merged are only columns: rows have room for all. */
export function columnsOf(groups: readonly FloatGroup[], merge: boolean): Columns[] {
  const total = groups.reduce((sum, group) => sum + group.floats.length, 0);
  return groups
    .filter((group) => group.floats.length > 0)
    .map((group) => ({ group, ones: merge && total > MERGE_OVER ? mergedOnes(group) : group.floats.map(alone) }));
}

function alone(float: Float): One {
  return { key: float.id, float, merged: [float] };
}

/** One column for all calm floats, where the first of them was, at the height of the lowest. */
function mergedOnes(group: FloatGroup): One[] {
  const calm = group.floats.filter(isCalm).sort((a, b) => (headroomOf(a) ?? 0) - (headroomOf(b) ?? 0));
  const lowest = calm[0];
  if (!lowest || calm.length < 2) return group.floats.map(alone);
  let met = false;
  return group.floats.flatMap((float): One[] => {
    if (!isCalm(float)) return [alone(float)];
    if (met) return [];
    met = true;
    return [{ key: `${group.name} calm`, float: lowest, merged: calm }];
  });
}

/** The width of each column, pixels: all share what the gaps leave. */
export function columnWidth(columns: readonly Columns[], width: number): number {
  const count = columns.reduce((sum, { ones }) => sum + ones.length, 0);
  return count === 0 ? 0 : Math.max(0, width - GROUP_GAP * (columns.length - 1)) / count;
}

/** The middle of each column, pixels from the left end, in their order. */
export function middles(columns: readonly Columns[], width: number): number[] {
  const each = columnWidth(columns, width);
  let left = 0;
  return columns.flatMap(({ ones }) => {
    const start = left;
    left += ones.length * each + GROUP_GAP;
    return ones.map((_, at) => start + (at + 0.5) * each);
  });
}
