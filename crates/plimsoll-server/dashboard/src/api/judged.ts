// What the server answers about load lines, findings, standards and alerts, as far as the page reads it: narrower than what
// /openapi.json describes where the page relies on it. A test holds the two against each other.
import type { components } from "./schema";

type Described = components["schemas"];

/** Where a value lies among its bands, or in its headroom. */
export type PlaceName = "in_target" | "acceptable" | "close" | "past" | "unknown";
export type Severity = "low" | "medium" | "high" | "critical";
export type Unit = Described["Unit"];
/** How a service is: of its score and its critical checks; or why that is not known. */
export type ServiceState = "healthy" | "degraded" | "unhealthy" | "unknown" | "silent" | "new";

export interface Verdict {
  bold: string;
  rest: string;
  more: string;
}

export interface ScoreComponent {
  name: string;
  label: string;
  weight: number;
  /** Null: not enough data; its weight went to the others. */
  points: number | null;
}

export interface Score {
  value: number | null;
  before: number | null;
  before_time: string | null;
  components: ScoreComponent[];
  /** What took points away, the most first. */
  took: { points: number; reason: string }[];
}

/** What the small line of a list needs of a float. */
export interface SmallFloat {
  id: string;
  name: string;
  group: string;
  place: PlaceName;
  /** 1 − ratio: the share of the limit that is free, negative past it. */
  headroom: number | null;
  ratio: number | null;
}

/** When something reaches its line, days from now; 90 % of all cases lie between early and late. */
export interface DaysLeft {
  median: number;
  early: number;
  /** Null: beyond what is looked ahead. */
  late: number | null;
}

export interface Float extends Omit<SmallFloat, "group"> {
  value: number | null;
  limit: number | null;
  unit: Unit;
  /** The median of the same hours of the days before. */
  usual_headroom: number | null;
  since: string | null;
  finding: string | null;
  idle_seconds: number | null;
  reason: "no data" | "idle" | null;
  reaches_limit_days: DaysLeft | null;
}

export interface FloatGroup {
  name: "classes" | "resources" | "pools" | "queues";
  label: string;
  /** What is judged, as in "p95 against investigate". */
  against: string;
  floats: Float[];
}

export interface Finding {
  id: string;
  service: string;
  kind: string;
  subject: string;
  float: string | null;
  place: "past" | "close";
  severity: Severity | null;
  headline: string;
  cause: string;
  evidence: string[];
  /** Null for what is only close. */
  since: string | null;
  action: string;
  fix: string | null;
  runbook: string | null;
  follows_from: string | null;
  alert: string | null;
  deploy: { version: string; revision: string | null; time: string } | null;
}

export interface LoadLineAnswer {
  timestamp: string;
  service: string;
  period_minutes: number;
  state: ServiceState;
  verdict: Verdict;
  score: Score;
  groups: FloatGroup[];
  findings: Finding[];
  /** What is in order, in words. */
  fine: string[];
  /** What could not be judged, and why. */
  missing: string[];
}

export interface SmallLoadLine {
  service: string;
  state: ServiceState;
  score: number | null;
  floats: SmallFloat[];
  verdict: Verdict;
  finding: string | null;
}

export interface LoadLines {
  timestamp: string;
  services: SmallLoadLine[];
}

export interface Bands {
  target_seconds: number;
  acceptable_seconds: number;
  investigate_seconds: number;
}

export interface StandardsClass extends Bands {
  name: string;
  place: PlaceName;
  p95_seconds: number | null;
  headroom: number | null;
  requests_per_minute: number | null;
  throughput_target_per_second: number | null;
  floor_per_minute: number | null;
  objective: number;
  compliance: number | null;
  /** The share of the budget that is left; negative: overdrawn. */
  budget_left: number | null;
  burn_rate_1h: number | null;
  burn_rate_6h: number | null;
  budget_gone_at: string | null;
  idle_seconds: number | null;
  routes: string[];
}

export interface StandardsAnswer {
  timestamp: string;
  service: string;
  profile: string;
  objective: number;
  objective_days: number;
  file: string | null;
  file_error: string | null;
  classes: StandardsClass[];
  limits: { name: string; value: number; origin: string }[];
}

export type ThresholdName =
  | "slow_request_threshold"
  | "slow_query_threshold"
  | "high_memory_threshold"
  | "error_rate_threshold";

/** Seconds, seconds, MB (2^20 bytes) and a share of 1; where each comes from; the bands of the classes. */
export type Thresholds = Record<ThresholdName, number> & {
  origins: Record<string, string>;
  classes: Record<string, Bands>;
};

/** What a PUT changes; null: back to the file. */
export type ThresholdChanges = Partial<Record<ThresholdName, number | null>> & {
  classes?: Record<string, Partial<Record<keyof Bands, number | null>>>;
};

export interface Replay {
  days: number;
  firings: number;
  by_key: { service: string; key: string; severity: Severity; count: number; first: string; last: string }[];
  /** From when on there is something to replay. */
  history_from: string | null;
}

export interface Alert {
  id: string;
  service: string;
  key: string;
  type: string;
  severity: Severity;
  message: string;
  threshold: number | null;
  current_value: number | null;
  unit: Unit;
  state: "pending" | "firing" | "resolved";
  /** When the breach began. */
  since: string;
  fired_at: string | null;
  resolved_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  silenced_until: string | null;
  finding: string | null;
  resolved_by: "itself" | "user" | null;
}

export interface AlertList {
  timestamp: string;
  alerts: Alert[];
  total: number;
}

export interface Silence {
  id: string;
  service: string | null;
  key: string | null;
  severity: Severity | null;
  until: string;
  reason: string | null;
}

export interface SilenceList {
  silences: Silence[];
}

/** What is not told, and until when; nothing named means everything. */
export interface NewSilence {
  service?: string;
  key?: string;
  severity?: Severity;
  minutes?: number;
  until?: string;
  reason: string;
}

export interface Deploy {
  service: string;
  version: string;
  revision: string | null;
  time: string;
  /** Told, or seen by another version of an instance. */
  source: "api" | "seen";
}

/** What a model said of the findings of a service. */
export interface Suggestion {
  id: string;
  service: string;
  time: string;
  model: string;
  text: string;
  /** The ids of the findings that it is about. */
  findings: string[];
}

export interface SuggestionList {
  /** Whether somebody is configured who gives them. */
  enabled: boolean;
  /** The newest first. */
  suggestions: Suggestion[];
}

export interface DeployList {
  deploys: Deploy[];
}
