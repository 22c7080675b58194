import type { Float, PlaceName } from "../../src/api/judged";

/** A float of a class, of which only headroom and place are known. */
export function float(name: string, headroom: number | null, place: PlaceName, more: Partial<Float> = {}): Float {
  return {
    id: `class:${name}`,
    name,
    place,
    headroom,
    ratio: headroom === null ? null : 1 - headroom,
    value: null,
    limit: null,
    unit: "s",
    usual_headroom: null,
    since: null,
    finding: null,
    idle_seconds: null,
    reason: null,
    reaches_limit_days: null,
    ...more,
  };
}
