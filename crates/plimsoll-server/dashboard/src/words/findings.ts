// The evidence line of a finding: severity, since when, the values.
import type { Finding } from "../api/judged";
import { capital } from "./capital";
import { hour } from "./moments";

/** "Medium · since 14:09 · p95 2.41 s, usually 412 ms". */
export function evidenceWords(
  finding: Pick<Finding, "kind" | "severity" | "place" | "since" | "evidence">,
  now: number,
): string {
  const first = finding.severity
    ? capital(finding.severity)
    : capital(finding.place === "past" ? "past the line" : "close");
  // What is foreseen has not begun: since then it is known.
  const begun = finding.kind === "forecast" ? "foreseen since" : "since";
  const since = finding.since === null ? [] : [`${begun} ${hour(Date.parse(finding.since), now)}`];
  return [first, ...since, ...finding.evidence].join(" · ");
}
