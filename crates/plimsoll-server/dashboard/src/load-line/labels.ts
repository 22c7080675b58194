// The words at the marks: which are shown, and how far one is lifted that would touch another.

/** The words of a mark. Positions in pixels of the drawing, y downwards. */
export interface Label {
  /** The middle of its column and the height of its mark. */
  x: number;
  y: number;
  width: number;
  where: "over" | "under" | "top";
  /** May be left out when there is no room for it. */
  calm: boolean;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Two lines of words. */
export const LABEL_HEIGHT = 30;
/** From the height of the mark to the nearest edge of its words: over it, under it, at the top of a dashed column. */
export const OFFSET = { over: 9, under: 13, top: 3 } as const;
/** Half of what a mark takes: words do not stand on another mark. */
const MARK = { width: 10, height: 6 };
/** Between two words side by side. */
const AIR = 2;

/** How far each label is moved away from its mark; null: there is no room, it waits for hover or focus. */
export function lifts(
  labels: readonly (Label | null)[],
  marks: readonly { x: number; y: number }[],
): (number | null)[] {
  const taken: Box[] = marks.map(({ x, y }) => ({
    left: x - MARK.width,
    right: x + MARK.width,
    top: y - MARK.height,
    bottom: y + MARK.height,
  }));
  return labels.map((label) => {
    if (!label) return null;
    const lift = freeLift(label, taken);
    const box = boxOf(label, lift);
    // Above the drawing stands its head.
    if (box.top < 0 && lift > 0 && label.calm) return null;
    taken.push(box);
    return lift;
  });
}

/** The lowest edge of all words, pixels: the drawing has at least that height. */
export function lowestWords(labels: readonly (Label | null)[], lifted: readonly (number | null)[]): number {
  return labels.reduce((lowest, label, at) => {
    const lift = lifted[at] ?? null;
    return label && lift !== null ? Math.max(lowest, boxOf(label, lift).bottom) : lowest;
  }, 0);
}

function boxOf(label: Label, lift: number): Box {
  const { x, y, width, where } = label;
  const top = where === "under" ? y + OFFSET.under + lift : y - OFFSET[where] - LABEL_HEIGHT - lift;
  return { left: x - width / 2, right: x + width / 2, top, bottom: top + LABEL_HEIGHT };
}

function freeLift(label: Label, taken: readonly Box[]): number {
  let lift = 0;
  // Each round clears at least one box for good: boxes only get further away.
  for (let round = 0; round <= taken.length; round += 1) {
    const box = boxOf(label, lift);
    const hit = taken.find((other) => touch(box, other));
    if (!hit) return lift;
    lift += label.where === "under" ? hit.bottom - box.top : box.bottom - hit.top;
  }
  return lift;
}

function touch(a: Box, b: Box): boolean {
  return a.left < b.right + AIR && b.left < a.right + AIR && a.top < b.bottom && b.top < a.bottom;
}
