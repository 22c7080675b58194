// What is said of services that are judged: a sentence over all, and a word and shape for each.
import type { SmallFloat, SmallLoadLine } from "../api/judged";
import { headroomOf } from "../load-line/geometry";
import type { Shape } from "../parts/State";
import { floatsWords } from "./load";
import { count, inWords, many, percent } from "./numbers";
import { be, listed, type Sentence } from "./sentences";
import { OWN } from "./service";

function withPlace(line: SmallLoadLine, place: SmallFloat["place"]): SmallFloat[] {
  return line.floats.filter((float) => float.place === place);
}

export function isPast(line: SmallLoadLine): boolean {
  return withPlace(line, "past").length > 0;
}

/** Whether its state says that it is not known how it is. */
export function isUnknown(line: Pick<SmallLoadLine, "state">): boolean {
  return line.state === "silent" || line.state === "new" || line.state === "unknown";
}

/** "1 of 6 services is past its line: shop." and what is to be said of the others; the server itself is none of them. */
export function ofLoadLines(all: readonly SmallLoadLine[]): { head: Sentence; more: string } {
  const observed = all.filter((line) => line.service !== OWN);
  const [only] = observed;
  if (only && observed.length === 1) {
    return { head: { bold: only.verdict.bold, rest: only.verdict.rest }, more: only.verdict.more };
  }
  const past = observed.filter(isPast);
  const silent = observed.filter((line) => line.state === "silent" && !isPast(line));
  const others = observed.filter((line) => !past.includes(line) && !silent.includes(line));
  const more = [othersWords(others, observed.length), closeWords(others)].filter(Boolean).join(" ");
  const of = (lines: readonly SmallLoadLine[]) => `${lines.length} of ${many(observed.length, "service")}`;
  const names = (lines: readonly SmallLoadLine[]) => listed(lines.map((line) => line.service));
  if (past.length > 0) {
    const silence = silent.length > 0 ? `${names(silent)} ${silent.length === 1 ? "is" : "are"} silent.` : "";
    return {
      head: {
        bold: `${of(past)} ${be(past.length)} past ${past.length === 1 ? "its" : "their"} line:`,
        rest: [`${names(past)}.`, silence].filter(Boolean).join(" "),
      },
      more,
    };
  }
  if (silent.length > 0) {
    return { head: { bold: `${of(silent)} ${be(silent.length)} silent:`, rest: `${names(silent)}.` }, more };
  }
  const known = observed.some((line) => line.floats.some((float) => float.place !== "unknown"));
  if (!known) return { head: { bold: "Not enough data to judge yet.", rest: "" }, more };
  return {
    head: { bold: `All ${count(observed.length)} services are above their line.`, rest: lowestWords(observed) },
    more,
  };
}

/** "The other four are healthy.", or which of them are not. */
function othersWords(others: readonly SmallLoadLine[], all: number): string {
  const ill = others.filter((line) => line.state === "degraded" || line.state === "unhealthy");
  const unknown = others.filter(isUnknown);
  const healthy = others.length - ill.length - unknown.length;
  const parts = [
    ...ill.map((line) => `${line.service} is ${line.state}.`),
    unknown.length > 0 && `Of ${listed(unknown.map((line) => line.service))} too little is known.`,
    healthy > 0 && healthy < all && `The other ${inWords(healthy)} ${be(healthy)} healthy.`,
  ];
  return parts.filter(Boolean).join(" ");
}

/** Services that are named for being close; the list shows the others. */
const MOST_CLOSE = 2;

function closeWords(others: readonly SmallLoadLine[]): string {
  return others
    .filter((line) => withPlace(line, "close").length > 0)
    .slice(0, MOST_CLOSE)
    .map((line) => {
      const what = line.finding ?? `${listed(withPlace(line, "close").map((float) => float.name))}.`;
      return `${line.service} is close to its line: ${what}`;
    })
    .join(" ");
}

function lowestWords(lines: readonly SmallLoadLine[]): string {
  const floats = lines.flatMap((line) => line.floats.map((float) => ({ float, service: line.service })));
  const known = floats.flatMap(({ float, service }) => {
    const headroom = headroomOf(float);
    return headroom === null ? [] : [{ headroom, name: float.name, service }];
  });
  const [lowest] = known.sort((a, b) => a.headroom - b.headroom);
  return lowest ? `${lowest.name} of ${lowest.service} is the lowest with ${percent(lowest.headroom)} headroom.` : "";
}

/** "degraded", "healthy, 1 close", "silent": the state is the score's, the rest is where the floats are. */
export function stateWords(line: SmallLoadLine): { shape: Shape; words: string } {
  if (line.state === "silent" || line.state === "new") return { shape: "n", words: line.state };
  if (line.state === "unknown") return { shape: "n", words: "not enough data" };
  const [past, close] = [withPlace(line, "past").length, withPlace(line, "close").length];
  if (past > 0) return { shape: "p", words: line.state === "healthy" ? `healthy, ${past} past` : line.state };
  if (line.state === "unhealthy") return { shape: "p", words: line.state };
  if (line.state === "degraded") return { shape: "w", words: line.state };
  return close > 0 ? { shape: "w", words: `healthy, ${close} close` } : { shape: "t", words: "healthy" };
}

/** Why a row stands where it does: where its floats are; of what nothing is known, the server's sentence. */
export function whyWords(line: SmallLoadLine): string {
  const sentence = `${line.verdict.bold} ${line.verdict.rest}`.trim();
  return isUnknown(line) && sentence ? sentence : floatsWords(line.floats);
}

/** The most pressing first, the server itself last. */
export function pressingOf(line: SmallLoadLine): number {
  if (line.service === OWN) return 0;
  const past = withPlace(line, "past").length;
  if (past > 0) return 1_000 + past;
  const state = { unhealthy: 500, degraded: 400, silent: 300, new: 200, unknown: 200, healthy: 100 }[line.state];
  return (state ?? 100) + withPlace(line, "close").length;
}
