// Where a value lies among bands, and the shape of it.
import type { Bands, PlaceName } from "../api/judged";
import type { Shape } from "../parts/State";

export const PLACE_SHAPES: Record<PlaceName, Shape> = {
  in_target: "t",
  acceptable: "a",
  close: "w",
  past: "p",
  unknown: "n",
};

/** As the server judges the p95 of a class. */
export function placeOf(p95Seconds: number, bands: Bands): PlaceName {
  if (p95Seconds <= bands.target_seconds) return "in_target";
  if (p95Seconds <= bands.acceptable_seconds) return "acceptable";
  return p95Seconds <= bands.investigate_seconds ? "close" : "past";
}
