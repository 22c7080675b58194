// The sentences at the head of a view: state, what and how far, since what. A part in bold begins each.

import type { Service, TotalsRow } from "../api/shapes";
import { age } from "./moments";
import { count, duration, inWords, many, rate, share, times } from "./numbers";
import { type Known, lastSeen, OWN } from "./service";

export interface Sentence {
  bold: string;
  rest: string;
}

/** "a", "a and b", "a, b and c", "a, b and 4 more". */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= 1) return names.join("");
  if (names.length <= most) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, most - 1).join(", ")} and ${count(names.length - most + 1)} more`;
}

/** "is" or "are". */
export function be(number: number): string {
  return number === 1 ? "is" : "are";
}

/** Of all services that are observed; the server itself is none of them. */
export function ofServices(all: readonly Known[]): { head: Sentence; more: string } {
  const observed = all.filter((known) => known.service.name !== OWN);
  const named = (is: Known["condition"]["is"]) => observed.filter((known) => known.condition.is === is);
  const [failing, silent, reporting] = [named("failing"), named("silent"), named("reporting")];
  const names = (known: readonly Known[]) => listed(known.map((one) => one.service.name));
  const silence = silenceOf(silent);
  const requests = observed.reduce((sum, known) => sum + (known.now?.requests_per_minute ?? 0), 0);
  const flow = `${rate(requests)} requests per min in all, last 5 min.`;
  const others =
    reporting.length > 0 && reporting.length < observed.length
      ? `The other ${inWords(reporting.length)} ${be(reporting.length)} reporting. `
      : "";
  const [only] = failing;
  if (only && observed.length === 1) {
    const ratio = only.condition.is === "failing" ? only.condition.ratio : 0;
    return {
      head: { bold: `${only.service.name} answers ${share(ratio)} of its requests with errors.`, rest: "" },
      more: flow,
    };
  }
  if (failing.length > 0) {
    const verb = failing.length === 1 ? "answers" : "answer";
    return {
      head: {
        bold: `${failing.length} of ${many(observed.length, "service")} ${verb} with errors:`,
        rest: [`${failingOnes(failing)}.`, silence].filter(Boolean).join(" "),
      },
      more: `${others}${flow}`,
    };
  }
  if (silent.length > 0) {
    return {
      head: {
        bold: `${silent.length} of ${many(observed.length, "service")} ${be(silent.length)} silent:`,
        rest: `${names(silent)}.`,
      },
      more: `${silence} ${others}${flow}`.trim(),
    };
  }
  if (observed.length === 1) {
    return {
      head: { bold: `${names(reporting)} is reporting.`, rest: "Nothing fails, nothing is silent." },
      more: flow,
    };
  }
  return {
    head: { bold: `All ${count(observed.length)} services are reporting.`, rest: "None fails, none is silent." },
    more: flow,
  };
}

function failingOnes(failing: readonly Known[]): string {
  const ratio = (known: Known) => share(known.condition.is === "failing" ? known.condition.ratio : 0);
  const [only] = failing;
  if (only && failing.length === 1) return `${only.service.name}, ${ratio(only)} of its requests`;
  return listed(failing.map((known) => `${known.service.name} (${ratio(known)})`));
}

function silenceOf(silent: readonly Known[]): string {
  const first = silent[0];
  if (!first) return "";
  const seconds = Math.max(
    ...silent.map((known) => (known.condition.is === "silent" ? known.condition.forSeconds : 0)),
  );
  if (silent.length === 1) return `${first.service.name} has been silent for ${age(seconds)}.`;
  return `${listed(silent.map((known) => known.service.name))} have been silent, the longest for ${age(seconds)}.`;
}

/** What is compared with the usual of a route. */
export interface Slower {
  name: string;
  ratio: number;
  p95: number;
  usual: number;
}

/** Of one service. */
export function ofService(
  known: Known,
  routes: readonly TotalsRow[],
  slowest: Slower | null,
): { head: Sentence; more: string } {
  const { service, now, condition } = known;
  const name = service.name;
  if (condition.is === "silent") {
    const then = lastSeen(service);
    return {
      head: {
        bold: `${name} has been silent for ${age(condition.forSeconds)}.`,
        rest: "Nothing is known of it since.",
      },
      more: Number.isNaN(then) ? "" : `Its last sign came at ${new Date(then).toLocaleString("en-GB")}.`,
    };
  }
  if (!now || now.total_requests === 0) {
    return {
      head: { bold: `${name} is reporting.`, rest: "It had no requests in the last 5 minutes." },
      more: sinceOf(service),
    };
  }
  const flow = `${rate(now.requests_per_minute)} requests per min, 95\u00a0% of them within ${duration(now.p95_seconds)}.`;
  const head =
    condition.is === "failing"
      ? { bold: `${name} answers ${share(condition.ratio)} of its requests with errors.`, rest: flow }
      : { bold: `${name} is reporting.`, rest: flow };
  return { head, more: [errorsOf(now, routes), slowerOf(slowest)].filter(Boolean).join(" ") };
}

function sinceOf(service: Service): string {
  const first = Date.parse(service.first_seen);
  return Number.isNaN(first) ? "" : `First seen ${new Date(first).toLocaleString("en-GB")}.`;
}

function errorsOf(now: TotalsRow, routes: readonly TotalsRow[]): string {
  if (now.errors === 0) return "None failed in the last 5 minutes.";
  const failing = routes.filter((route) => route.errors > 0);
  const [worst] = [...failing].sort((a, b) => b.errors - a.errors);
  if (!worst) return "";
  const where = `${worst.method} ${worst.route}`;
  if (failing.length === 1) return `${many(now.errors, "request")} failed in 5 minutes, all in ${where}.`;
  return `${many(now.errors, "request")} failed in 5 minutes, ${share(worst.errors / now.errors)} of them in ${where}.`;
}

function slowerOf(slower: Slower | null): string {
  if (!slower) return "";
  return `Furthest from its usual: ${slower.name}, ${times(slower.ratio)} (p95 ${duration(slower.p95)}, usually ${duration(slower.usual)}).`;
}
