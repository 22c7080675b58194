// What is known of a service, and the word and shape for it.
import type { Line, Service, TotalsRow } from "../api/shapes";
import type { Shape } from "../parts/State";
import { many, NONE, share } from "./numbers";
import { buildWords } from "./version";

/** The server itself is a service too. */
export const OWN = "plimsoll";
/** From this share of failed requests on a service or route is told to be failing. */
export const FAILING = 0.01;
/** From so many times its usual p95 on a route is told to be slower. */
export const SLOWER = 2;
/** Without a sign for so long a service is silent: the library sends every 10 s, others every minute. */
const SILENT_AFTER_S = { library: 45, other: 150 };

export type Condition = { is: "silent"; forSeconds: number } | { is: "failing"; ratio: number } | { is: "reporting" };

export interface Known {
  service: Service;
  /** Requests of the last minutes; undefined where there were none. */
  now: TotalsRow | undefined;
  /** Its last hour. */
  hour: Line | undefined;
  condition: Condition;
}

/** Those that sent: rows that the server computes of a service name no instance. */
function named(service: Service) {
  return (service.instances ?? []).filter((one) => one.instance !== "");
}

/** When its last own sign came, epoch milliseconds. */
export function lastSeen(service: Service): number {
  const seen = named(service).map((one) => Date.parse(one.last_seen));
  return seen.length > 0 ? Math.max(...seen) : Date.parse(service.last_seen);
}

export function conditionOf(service: Service, now: TotalsRow | undefined, at: number): Condition {
  const forSeconds = (at - lastSeen(service)) / 1000;
  const isOurs = (service.sources ?? []).includes("library") || service.name === OWN;
  if (forSeconds > (isOurs ? SILENT_AFTER_S.library : SILENT_AFTER_S.other)) return { is: "silent", forSeconds };
  const ratio = now?.error_rate ?? 0;
  return ratio >= FAILING ? { is: "failing", ratio } : { is: "reporting" };
}

export const SHAPES: Record<Condition["is"], Shape> = { silent: "n", failing: "p", reporting: "t" };

export function conditionWord(condition: Condition): string {
  switch (condition.is) {
    case "silent":
      return "silent";
    case "failing":
      return `${share(condition.ratio)} fail`;
    case "reporting":
      return "reporting";
  }
}

/** The most pressing first, the server itself last. */
export function pressing(known: Known): number {
  if (known.service.name === OWN) return 0;
  return { reporting: 1, silent: 2, failing: 3 }[known.condition.is];
}

/** "prod · v2.14.0 a1f3c9e · 3 instances", of what was told. */
export function particulars(service: Service): string {
  const [latest, ...others] = named(service);
  const unnamed = (service.instances ?? []).length - others.length - (latest ? 1 : 0);
  const instances = service.instance_count - unnamed;
  const build = buildWords(latest?.version ?? service.versions?.at(-1) ?? null, latest?.revision ?? null);
  const environment = latest?.environment ?? service.environments?.at(-1) ?? null;
  const parts = [environment, build, instances > 0 ? many(instances, "instance") : null].filter(Boolean);
  return parts.join(" · ") || NONE;
}
