// The stretches of time that can be chosen, and what is read of each.

export interface Range {
  /** As it stands in the URL. */
  id: string;
  label: string;
  minutes: number;
  /** Width of a step of its charts, seconds. */
  step: number;
}

export const RANGES: readonly Range[] = [
  { id: "15m", label: "15 min", minutes: 15, step: 10 },
  { id: "1h", label: "1 h", minutes: 60, step: 30 },
  { id: "6h", label: "6 h", minutes: 360, step: 180 },
  { id: "24h", label: "24 h", minutes: 1_440, step: 600 },
  { id: "7d", label: "7 d", minutes: 10_080, step: 3_600 },
];

const USUAL = RANGES[1] as Range;

/** The range that a URL names; what it does not know is the usual one. */
export function rangeOf(text: string | null): Range {
  return RANGES.find((range) => range.id === text) ?? USUAL;
}

/** The parameter that names a range; the usual one needs none. */
export function rangeParam(range: Range): string | null {
  return range === USUAL ? null : range.id;
}

/** The next longer (+1) or shorter (−1) range, or the same at the end. */
export function neighbour(range: Range, by: 1 | -1): Range {
  return RANGES[RANGES.indexOf(range) + by] ?? range;
}

/** A part of a range that was dragged out of a chart, epoch milliseconds. */
export interface Zoom {
  from: number;
  to: number;
}

/** Shortest part that can be zoomed to: less has no steps to show. */
export const SHORTEST_ZOOM = 60_000;

/** `zoom=1766000000000-1766000600000`; anything else is no zoom. */
export function zoomOf(text: string | null): Zoom | null {
  const found = /^(\d{10,15})-(\d{10,15})$/.exec(text ?? "");
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return to - from >= SHORTEST_ZOOM ? { from, to } : null;
}

export function zoomParam(zoom: Zoom | null): string | null {
  return zoom && `${Math.round(zoom.from)}-${Math.round(zoom.to)}`;
}

/** Our own library sends every 10 s, other SDKs every minute: steps that are finer would be empty by turns. */
export function finestStep(sources: readonly string[] | undefined): number {
  return sources?.some((source) => source === "metric" || source === "scrape") && !sources.includes("library")
    ? 60
    : 10;
}

/** Steps of a zoomed part, in seconds: about a hundred, and none finer than what is sent. */
export function zoomStep(zoom: Zoom, finest: number): number {
  const wanted = Math.max(finest, (zoom.to - zoom.from) / 1000 / 120);
  return [10, 30, 60, 120, 300, 600, 1_800, 3_600].find((step) => step >= wanted) ?? 7_200;
}

/** Shifts by a half of its length, or makes it half (−1) or twice (+1) as long. */
export function moved(zoom: Zoom, by: { shift?: 1 | -1; scale?: 1 | -1 }, now: number): Zoom {
  const length = zoom.to - zoom.from;
  if (by.shift) {
    const to = Math.min(now, zoom.to + (by.shift * length) / 2);
    return { from: to - length, to };
  }
  const wanted = Math.max(SHORTEST_ZOOM, by.scale === 1 ? length * 2 : length / 2);
  const to = Math.min(now, zoom.to + (wanted - length) / 2);
  return { from: to - wanted, to };
}
