// What was asked for in the form of a silence.
import type { NewSilence } from "../api/judged";

export type SilenceWish = Pick<NewSilence, "minutes" | "until" | "reason">;

/** The reason where none was written: the server keeps one with each silence. */
const NO_REASON = "no reason given";

/** Minutes or a moment of the browser's clock; a sentence where it cannot be. */
export function silenceWish(length: string, until: string, reason: string, now: number): SilenceWish | string {
  const why = reason.trim() || NO_REASON;
  if (length !== "until") return { minutes: Number(length), reason: why };
  const end = Date.parse(until);
  if (Number.isNaN(end)) return "Say until when.";
  return end <= now ? "That is over already." : { until: new Date(end).toISOString(), reason: why };
}
