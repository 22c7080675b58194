// Which stretch of time a report is asked for: the range in view, which always ends now.
import type { Range, Zoom } from "../route/range";
import { hour } from "./moments";

/** `since` as the server reads it, and the words of the link. */
export function reportParams(range: Range, zoom: Zoom | null, now: number): { since: string; words: string } {
  if (!zoom) return { since: `-${range.minutes}m`, words: `of ${range.label}` };
  return { since: String(Math.round(zoom.from)), words: `since ${hour(zoom.from, now)}` };
}
