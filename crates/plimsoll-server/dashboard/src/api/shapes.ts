// Short names for what the server describes in /openapi.json, as far as the page reads it.
import type { components } from "./schema";

type Described = components["schemas"];

export type Service = Described["Service"];
export type ServiceList = Described["ServiceList"];

/** What the page reads of the requests of a service or route; of those without any it makes such rows itself. */
export type TotalsRow = Pick<
  Described["TotalsRow"],
  | "service"
  | "route"
  | "method"
  | "statuses"
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
export type TotalsList = Described["TotalsList"];

/** A value for each step; null where there is none. */
export type Values = Line["p95_seconds"];
export type Line = Described["SeriesLine"];
export type SeriesList = Described["SeriesList"];

export type QuerySeries = Described["QuerySeries"];
export type QueryAnswer = Described["QueryAnswer"];

export type HealthCheck = Described["HealthCheck"];
export type HealthReport = Described["HealthReport"];
export type Stats = Described["Stats"];

export type DatabaseQuery = Described["Query"];
export type QueryList = Described["QueryList"];
export type Call = Described["Call"];
export type CallList = Described["CallList"];

export type RefusedKind = Described["RefusedKind"];
export type RefusedList = Described["RefusedList"];

export type Recipe = Described["Recipe"];
export type Recipes = Described["Recipes"];
