// What the server answers, as far as the page reads it: parts of what it describes in /openapi.json.
import type { components } from "./schema";

type Described = components["schemas"];

export type Instance = Pick<Described["Instance"], "instance" | "version" | "environment" | "last_seen">;

export type Service = Pick<
  Described["Service"],
  "name" | "first_seen" | "last_seen" | "sources" | "versions" | "environments" | "instance_count"
> & { instances: Instance[] };

export type Services = { services: Service[] };

export type Requests = Pick<
  Described["Requests"],
  | "total_requests"
  | "error_rate"
  | "errors"
  | "client_errors"
  | "cancelled"
  | "requests_per_minute"
  | "p50_seconds"
  | "p95_seconds"
  | "p99_seconds"
>;

export type TotalsRow = Requests & Pick<Described["TotalsRow"], "service" | "route" | "method" | "statuses">;

export type Totals = Pick<Described["TotalsList"], "missing"> & { rows: TotalsRow[] };

export type Values = Described["SeriesLine"]["p95_seconds"];

export type Line = Described["SeriesLine"];

export type Series = Pick<Described["SeriesList"], "step_seconds" | "times" | "lines">;

export type QuerySeries = Described["QuerySeries"];

export type QueryAnswer = { series: QuerySeries[] };

export type CheckReport = Described["HealthCheck"];

export type Health = Pick<Described["HealthReport"], "checks">;

export type Stats = {
  store: Pick<Described["StoreStats"], "disk_bytes" | "sealed_rows" | "unsealed_rows">;
  ingest: Pick<Described["IngestStats"], "rows_written" | "rows_refused">;
};

interface Durations {
  total: number;
  errors: number;
  per_minute: number;
  p50_seconds: number | null;
  p95_seconds: number | null;
  p99_seconds: number | null;
}

export interface DatabaseQuery extends Durations {
  statement: string;
  db_system: string;
  db_name: string | null;
  route: string | null;
  method: string | null;
  share: number;
}

export interface DatabaseQueries {
  queries: DatabaseQuery[];
}

export interface Call extends Durations {
  peer: string;
  method: string;
  status: number | null;
}

export interface Calls {
  calls: Call[];
}

/** What was refused lately, the last seen first. */
export interface Refused {
  refused: {
    way: string;
    reason: string;
    count: number;
    last_seen: string;
    sender: string | null;
    service: string | null;
    example: string | null;
  }[];
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
  recipes: Recipe[];
}
