// What is edited of the standards: texts of fields, whether they can be, what they change. Decides nothing that is judged.
import type { Bands, ThresholdChanges, ThresholdName, Thresholds } from "../api/judged";

export interface ThresholdField {
  name: ThresholdName;
  label: string;
  unit: string;
  /** The number in the field is the value times this. */
  factor: number;
  about: string;
}

export const THRESHOLDS: readonly ThresholdField[] = [
  {
    name: "slow_request_threshold",
    label: "Slow request",
    unit: "ms",
    factor: 1000,
    about: "a slower request is noted",
  },
  { name: "slow_query_threshold", label: "Slow query", unit: "ms", factor: 1000, about: "a slower query is noted" },
  { name: "high_memory_threshold", label: "High memory", unit: "MB", factor: 1, about: "of one process" },
  { name: "error_rate_threshold", label: "Error rate", unit: "%", factor: 100, about: "of all requests" },
];

export const BANDS = ["target_seconds", "acceptable_seconds", "investigate_seconds"] as const;
export type BandName = (typeof BANDS)[number];
export const BAND_LABELS: Record<BandName, string> = {
  target_seconds: "target",
  acceptable_seconds: "acceptable",
  investigate_seconds: "investigate",
};
/** Bands are edited in milliseconds. */
const BAND_FACTOR = 1000;
const MOST_SECONDS = 86_400;

/** Texts of the fields that were touched, by their path. */
export type Draft = Readonly<Record<string, string>>;

/** "classes.write.target_seconds": as the server names it in a problem. */
export function bandPath(name: string, band: BandName): string {
  return `classes.${name}.${band}`;
}

/** A value as its field shows it: no more digits than it has. */
export function fieldText(value: number, factor: number): string {
  return String(Number((value * factor).toPrecision(12)));
}

/** The number of a field; null: it is none. */
export function fieldValue(text: string, factor: number): number | null {
  const trimmed = text.trim();
  if (!/^\d+(\.\d+)?$/.test(trimmed)) return null;
  return Number((Number(trimmed) / factor).toPrecision(12));
}

interface Field {
  path: string;
  saved: number;
  factor: number;
  put: (changes: ThresholdChanges, value: number) => void;
}

function fieldsOf(saved: Thresholds): Field[] {
  const single = THRESHOLDS.map(
    ({ name, factor }): Field => ({
      path: name,
      saved: saved[name],
      factor,
      put: (changes, value) => {
        changes[name] = value;
      },
    }),
  );
  const bands = Object.entries(saved.classes).flatMap(([name, of]) =>
    BANDS.map(
      (band): Field => ({
        path: bandPath(name, band),
        saved: of[band],
        factor: BAND_FACTOR,
        put: (changes, value) => {
          changes.classes ??= {};
          changes.classes[name] = { ...changes.classes[name], [band]: value };
        },
      }),
    ),
  );
  return [...single, ...bands];
}

/** Only what is another number than before. */
export function changesOf(draft: Draft, saved: Thresholds): ThresholdChanges {
  const changes: ThresholdChanges = {};
  for (const { path, saved: before, factor, put } of fieldsOf(saved)) {
    const text = draft[path];
    if (text === undefined) continue;
    const value = fieldValue(text, factor);
    if (value !== null && fieldText(value, factor) !== fieldText(before, factor)) put(changes, value);
  }
  return changes;
}

export function changesNothing(changes: ThresholdChanges): boolean {
  return Object.keys(changes).length === 0;
}

/** The bands of a class as they are edited; null where a field is no number. */
export function draftBands(draft: Draft, name: string, saved: Bands): Bands | null {
  const of = (band: BandName) => {
    const text = draft[bandPath(name, band)];
    return text === undefined ? saved[band] : fieldValue(text, BAND_FACTOR);
  };
  const [target, acceptable, investigate] = BANDS.map(of);
  if (target == null || acceptable == null || investigate == null) return null;
  return { target_seconds: target, acceptable_seconds: acceptable, investigate_seconds: investigate };
}

/** What is wrong with each field, by its path. */
export function wrongs(draft: Draft, saved: Thresholds): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, factor } of fieldsOf(saved)) {
    const text = draft[path];
    if (text === undefined) continue;
    const wrong = wrongOf(path, fieldValue(text, factor));
    if (wrong) found[path] = wrong;
  }
  for (const [name, of] of Object.entries(saved.classes)) {
    const bands = draftBands(draft, name, of);
    if (!bands) continue;
    const first = BANDS.find((band, at) => at > 0 && bands[band] < bands[BANDS[at - 1] ?? band]);
    if (!first) continue;
    const before = BANDS[BANDS.indexOf(first) - 1] ?? first;
    found[bandPath(name, first)] ??= `${BAND_LABELS[first]} is less than ${BAND_LABELS[before]}`;
  }
  return found;
}

function wrongOf(path: string, value: number | null): string | null {
  if (value === null) return "not a number";
  if (value <= 0) return "must be more than 0";
  if (path === "error_rate_threshold") return value > 1 ? "at most 100 %" : null;
  if (path.endsWith("_seconds") || path.startsWith("slow_")) return value > MOST_SECONDS ? "at most a day" : null;
  return null;
}

/** All that was set here, back to the file: for one path, or for all. */
export function resetOf(saved: Thresholds, path?: string): ThresholdChanges {
  const changes: ThresholdChanges = {};
  for (const field of THRESHOLDS) {
    const isSet = saved.origins[field.name] === "put";
    if (path === field.name || (path === undefined && isSet)) changes[field.name] = null;
  }
  for (const name of Object.keys(saved.classes)) {
    const isWanted = path === classPath(name) || (path === undefined && isClassSet(saved, name));
    if (!isWanted) continue;
    changes.classes ??= {};
    changes.classes[name] = { target_seconds: null, acceptable_seconds: null, investigate_seconds: null };
  }
  return changes;
}

export function classPath(name: string): string {
  return `classes.${name}`;
}

/** Where the bands of a class come from: set here if one of them is. */
export function classOrigin(saved: Thresholds, name: string): string | undefined {
  const of = BANDS.map((band) => saved.origins[bandPath(name, band)]);
  return of.includes("put") ? "put" : (saved.origins[classPath(name)] ?? of.find((origin) => origin !== undefined));
}

function isClassSet(saved: Thresholds, name: string): boolean {
  return classOrigin(saved, name) === "put";
}
