// What the server answers, as far as the page reads it. A member that is not there yet or no longer there is undefined.

export interface Instance {
  instance: string;
  version: string | null;
  environment: string | null;
  last_seen: string;
}

export interface Service {
  name: string;
  first_seen: string;
  last_seen: string;
  sources: string[];
  versions: string[];
  environments: string[];
  instances: Instance[];
  instance_count: number;
}

export interface Services {
  services: Service[];
  total: number;
}

export interface Requests {
  total_requests: number;
  error_rate: number | null;
  errors: number;
  client_errors: number;
  cancelled: number;
  requests_per_minute: number;
  p50_seconds: number | null;
  p95_seconds: number | null;
  p99_seconds: number | null;
}

export interface TotalsRow extends Requests {
  service: string;
  route?: string;
  method?: string;
  statuses?: Record<string, number>;
  error_types?: Record<string, number>;
}

export interface Totals {
  period_minutes: number;
  rows: TotalsRow[];
  total: number;
  missing?: string[];
}

export type Values = (number | null)[];

export interface Line {
  service: string;
  route?: string;
  method?: string;
  total_requests: number;
  requests_per_minute: Values;
  errors_per_minute: Values;
  p50_seconds: Values;
  p95_seconds: Values;
  p99_seconds: Values;
}

export interface Series {
  step_seconds: number;
  times: number[];
  lines: Line[];
  total: number;
  missing?: string[];
}

export interface QuerySeries {
  tags: Record<string, string>;
  columns: string[];
  values: (number | string | null)[][];
}

export interface QueryAnswer {
  series: QuerySeries[];
}

export interface DatabaseQuery {
  service: string;
  statement: string;
  db_system?: string | null;
  route?: string | null;
  total: number;
  errors: number;
  per_minute: number;
  mean_seconds: number | null;
  p50_seconds: number | null;
  p95_seconds: number | null;
  p99_seconds: number | null;
  total_seconds: number | null;
  share: number | null;
}

export interface DatabaseQueries {
  queries: DatabaseQuery[];
  total: number;
}

export interface Call {
  service: string;
  peer: string;
  method?: string | null;
  status?: number | string | null;
  total: number;
  errors: number;
  per_minute: number;
  p50_seconds: number | null;
  p95_seconds: number | null;
  p99_seconds: number | null;
}

export interface Calls {
  calls: Call[];
  total: number;
}

export interface CheckReport {
  status: string;
  message?: string | null;
  critical?: boolean;
  duration_ms?: number;
}

export interface Health {
  status: string;
  checks: Record<string, CheckReport>;
}

export interface Stats {
  store?: { disk_bytes?: number; sealed_rows?: number; unsealed_rows?: number; appended_rows?: number };
  ingest?: { rows_written?: number; rows_refused?: number };
  uptime_secs?: number;
}

export interface RecipeStep {
  text: string;
  language?: string;
  /** The file that the lines belong in; null: they are typed. */
  file?: string | null;
  code?: string;
}

export interface Recipe {
  name: string;
  title: string;
  /** For whom. */
  when: string;
  steps: RecipeStep[];
}

export interface Connect {
  address: string;
  recipes: Recipe[];
}
