// The words of alerts and silences.
import type { Alert, Severity, Silence } from "../api/judged";
import { capital } from "./capital";
import { measured } from "./load";
import { hour, shortAge } from "./moments";
import { many, NBSP } from "./numbers";
import { be, listed, type Sentence } from "./sentences";

/** What keys are about that are not simply a thing past its line. */
const ABOUT: Record<string, string> = { burn: "budget", check: "check", floor: "floor", forecast: "forecast" };

/** "write" of "class:write", "write floor" of "floor:write", "postgres forecast" of "forecast:pool:postgres". */
export function nameOfKey(key: string): string {
  const colon = key.indexOf(":");
  const [kind, name] = [key.slice(0, Math.max(0, colon)), key.slice(colon + 1)];
  const about = ABOUT[kind];
  if (about === undefined || name === "") return name || key;
  return `${kind === "forecast" ? nameOfKey(name) : name} ${about}`;
}

/** Kinds whose message is the value against its line; others say something else, in their message. */
const AGAINST_A_LINE = new Set(["slow_request", "slow_query", "high_memory", "error_rate", "resource_violation"]);

/** "write past its line". */
export function alertTitle(alert: Pick<Alert, "key" | "type" | "message">): string {
  return AGAINST_A_LINE.has(alert.type) ? `${nameOfKey(alert.key)} past its line` : withoutStop(alert.message);
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, "");
}

const time = (text: string, now: number) => hour(Date.parse(text), now);

/** What fires, in a sentence; `service` where only one is looked at. */
export function alertsHead(
  alerts: readonly Alert[],
  service: string | null,
  now: number,
): { head: Sentence; more: string } {
  const firing = alerts.filter((one) => one.state === "firing");
  const pending = alerts.filter((one) => one.state === "pending");
  const acknowledged = firing.filter((one) => one.acknowledged_at !== null).length;
  const more = [
    pending.length > 0 && `${many(pending.length, "alert")} ${be(pending.length)} pending: it fires if it goes on.`,
    acknowledged > 0 && `${acknowledged} of those that fire ${be(acknowledged)} acknowledged.`,
  ]
    .filter(Boolean)
    .join(" ");
  const where = service === null ? "" : ` in ${service}`;
  const [only] = firing;
  if (!only) return { head: { bold: `Nothing fires${where}.`, rest: "" }, more };
  const head =
    firing.length === 1
      ? {
          bold: "1 alert is firing:",
          rest: `${alertTitle(only)} in ${only.service}, since ${time(only.since, now)}.`,
        }
      : {
          bold: `${firing.length} alerts are firing${where}:`,
          rest: `${listed(firing.map((one) => (service === null ? `${nameOfKey(one.key)} of ${one.service}` : nameOfKey(one.key))))}.`,
        };
  return { head, more };
}

/** What the message says beyond title, value and line; null: nothing. */
export function messageBeyond(alert: Pick<Alert, "key" | "type" | "message">): string | null {
  return AGAINST_A_LINE.has(alert.type) || withoutStop(alert.message) === alertTitle(alert) ? null : alert.message;
}

/** "1.51 s, line 1.00 s"; a check has no number. */
export function againstWords(alert: Pick<Alert, "type" | "current_value" | "threshold" | "unit">): string {
  if (alert.current_value === null || alert.type === "health_check") return "";
  const line = alert.threshold === null ? "" : `, line ${measured(alert.threshold, alert.unit)}`;
  return measured(alert.current_value, alert.unit) + line;
}

/** "Medium", "since 14:09", "fires since 14:12", "acknowledged at 14:20 by ada", "silenced until 15:20". */
export function alertFacts(alert: Alert, now: number): string[] {
  const by = alert.acknowledged_by ? ` by ${alert.acknowledged_by}` : "";
  const facts = [
    capital(alert.severity),
    `since ${time(alert.since, now)}`,
    alert.state === "firing" && alert.fired_at && `fires since ${time(alert.fired_at, now)}`,
    alert.state === "pending" && "pending",
    alert.acknowledged_at && `acknowledged at ${time(alert.acknowledged_at, now)}${by}`,
    isSilenced(alert, now) && alert.silenced_until && `silenced until ${time(alert.silenced_until, now)}`,
  ];
  return facts.filter((fact): fact is string => typeof fact === "string");
}

export function isSilenced(alert: Pick<Alert, "silenced_until">, now: number): boolean {
  return alert.silenced_until !== null && Date.parse(alert.silenced_until) > now;
}

/** How long it was from its beginning to its end, or to now. */
export function lasted(alert: Pick<Alert, "since" | "resolved_at">, now: number): string {
  const end = alert.resolved_at === null ? now : Date.parse(alert.resolved_at);
  return shortAge(Math.max(0, (end - Date.parse(alert.since)) / 1000));
}

/** Beside its bar over the charts: "write past its line", ", medium, firing 14:12". */
export function laneWords(alert: Alert, now: number): Sentence {
  const title = alertTitle(alert);
  if (alert.state === "resolved")
    return { bold: "", rest: `${title}, ${alert.severity}, ${lasted(alert, now)}, resolved` };
  if (alert.state === "pending") return { bold: "", rest: `${title}, ${alert.severity}, pending` };
  return { bold: title, rest: `, ${alert.severity}, firing ${time(alert.fired_at ?? alert.since, now)}` };
}

/** Who ended it. */
export function resolvedWords(alert: Pick<Alert, "resolved_by">): string {
  return alert.resolved_by === "user" ? "resolved by hand" : "over by itself";
}

/** "write of shop", "all of shop", "everything, low". */
export function silencedWhat(silence: Pick<Silence, "service" | "key" | "severity">): string {
  const what = silence.key ? nameOfKey(silence.key) : silence.service ? "all" : "everything";
  const of = silence.service ? ` of ${silence.service}` : "";
  return `${what}${of}${silence.severity ? `, ${silence.severity}` : ""}`;
}

/** "15:30, in 58 min". */
export function untilWords(silence: Pick<Silence, "until">, now: number): string {
  const until = Date.parse(silence.until);
  return until <= now ? `${hour(until, now)}, over` : `${hour(until, now)}, in${NBSP}${shortAge((until - now) / 1000)}`;
}

export const SEVERITIES: readonly Severity[] = ["low", "medium", "high", "critical"];
