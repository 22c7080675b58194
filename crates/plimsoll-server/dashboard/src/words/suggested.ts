// Who said something of the findings, when, and whether it is about those of now.
import type { Suggestion } from "../api/judged";
import { hour } from "./moments";

/** "llama3.2, 14:20", and what is to be said of it where the findings are others since. */
export function suggestedBy(
  of: Pick<Suggestion, "model" | "time" | "findings">,
  found: readonly string[],
  now: number,
): string {
  const isOfNow = found.length === of.findings.length && found.every((id) => of.findings.includes(id));
  return `${of.model}, ${hour(Date.parse(of.time), now)}${isOfNow ? "" : ", of the findings of then"}`;
}
