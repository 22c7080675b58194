// Everything that the page asks for, in one place: the data layer.
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { Range, Zoom } from "../route/range";
import { zoomStep } from "../route/range";
import { Problem, read, urlOf } from "./client";
import type {
  AlertList,
  DeployList,
  LoadLineAnswer,
  LoadLines,
  SilenceList,
  StandardsAnswer,
  SuggestionList,
  Thresholds,
} from "./judged";
import type {
  CallList,
  HealthReport,
  QueryAnswer,
  QueryList,
  Recipes,
  RefusedList,
  SeriesList,
  ServiceList,
  Stats,
  TotalsList,
} from "./shapes";

/** Minutes that "now" means: what tables show. */
export const NOW_MINUTES = 5;

/** What changes with every window stands under this key; it is read again when one came. */
export const LIVE = "live";

/** The answer about a measurement; null while nobody has sent one of that name. */
async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export const services = () =>
  queryOptions({
    queryKey: [LIVE, "services"],
    queryFn: ({ signal }) => read<ServiceList>(urlOf("/api/v1/services", { instances: 20 }), { signal }),
  });

export const totals = () =>
  queryOptions({
    queryKey: [LIVE, "totals"],
    queryFn: ({ signal }) => read<TotalsList>(urlOf("/api/performance/totals", { minutes: NOW_MINUTES }), { signal }),
  });

/** A line for each service over the last hour, for the small drawings of the list. */
export const lastHour = () =>
  queryOptions({
    queryKey: [LIVE, "last-hour"],
    queryFn: ({ signal }) =>
      read<SeriesList>(urlOf("/api/performance/series", { minutes: 60, step: "60s" }), { signal }),
  });

export const routes = (service: string) =>
  queryOptions({
    queryKey: [LIVE, "routes", service],
    queryFn: ({ signal }) =>
      read<TotalsList>(urlOf("/api/performance/totals", { service, by: "route", minutes: NOW_MINUTES }), { signal }),
  });

interface Period {
  minutes?: number;
  start?: number;
  end?: number;
  step: string;
}

function period(range: Range, zoom: Zoom | null, finest: number): Period {
  if (!zoom) return { minutes: range.minutes, step: `${Math.max(finest, range.step)}s` };
  return { start: Math.round(zoom.from), end: Math.round(zoom.to), step: `${zoomStep(zoom, finest)}s` };
}

/** Requests of a service over time. */
export const series = (service: string, range: Range, zoom: Zoom | null, finest: number) =>
  queryOptions({
    queryKey: [LIVE, "series", service, range.id, zoom, finest],
    queryFn: ({ signal }) =>
      read<SeriesList>(urlOf("/api/performance/series", { service, ...period(range, zoom, finest) }), { signal }),
  });

/** The same of each route, for the small drawings of the table and what is usual. */
export const routeSeries = (service: string, range: Range, finest: number) =>
  queryOptions({
    queryKey: [LIVE, "route-series", service, range.id, finest],
    queryFn: ({ signal }) =>
      read<SeriesList>(
        urlOf("/api/performance/series", { service, by: "route", limit: 300, ...sparkPeriod(range, finest) }),
        {
          signal,
        },
      ),
  });

/** A small drawing has room for sixty steps. */
function sparkPeriod(range: Range, finest: number) {
  const step = Math.max(30, finest, Math.ceil(range.minutes / 60) * 60);
  return { minutes: range.minutes, step: `${range.minutes <= 15 ? Math.max(30, finest) : step}s` };
}

/** Each route by the hour for a week, where there is so much: what is usual at this time of the day. */
export const weekByHour = (service: string, wanted: boolean) =>
  queryOptions({
    queryKey: ["week", service],
    queryFn: ({ signal }) =>
      read<SeriesList>(
        urlOf("/api/performance/series", { service, by: "route", limit: 300, minutes: 7 * 24 * 60, step: "1h" }),
        { signal },
      ),
    enabled: wanted,
    staleTime: 10 * 60_000,
  });

/** Processor and memory of each instance over time. */
export const resources = (service: string, range: Range, zoom: Zoom | null, finest: number) =>
  queryOptions({
    queryKey: [LIVE, "resources", service, range.id, zoom, finest],
    queryFn: async ({ signal }) => {
      const { minutes, start, end, step }: Period = period(range, zoom, finest);
      const asked = {
        measurement: "process",
        fields: [
          { name: "cpu", aggregate: "mean" },
          // What runtimes tell instead; or beside it, then with a share of all cores as `cpu`.
          { name: "cpu_time", aggregate: "rate" },
          { name: "memory_rss", aggregate: "mean" },
          { name: "cpu_limit", aggregate: "last" },
          { name: "memory_limit", aggregate: "last" },
        ],
        filter: { service },
        group_by: ["instance"],
        start: start ?? `-${minutes}m`,
        end: end ?? "now",
        step,
        limit: 100_000,
      };
      return orNothing(read<QueryAnswer>("/api/v1/query", { signal, post: asked }));
    },
  });

export const databaseQueries = (service: string) =>
  queryOptions({
    queryKey: [LIVE, "queries", service],
    queryFn: ({ signal }) =>
      read<QueryList>(urlOf("/api/performance/queries", { service, minutes: NOW_MINUTES }), { signal }),
  });

export const calls = (service: string) =>
  queryOptions({
    queryKey: [LIVE, "calls", service],
    queryFn: ({ signal }) =>
      read<CallList>(urlOf("/api/performance/calls", { service, minutes: NOW_MINUTES }), { signal }),
  });

/** How the server itself is; an unhealthy one answers with 503. */
export const health = () =>
  queryOptions({
    queryKey: [LIVE, "health"],
    queryFn: ({ signal }) => read<HealthReport>("/api/v1/health", { signal, alsoStatus: 503 }),
  });

export const stats = () =>
  queryOptions({
    queryKey: ["stats"],
    queryFn: ({ signal }) => read<Stats>("/api/v1/stats", { signal }),
    refetchInterval: 15_000,
  });

/** What senders tried in vain. */
export const refused = () =>
  queryOptions({
    queryKey: ["refused"],
    queryFn: ({ signal }) => read<RefusedList>("/api/v1/refused", { signal }),
    refetchInterval: 10_000,
  });

/** How senders are pointed here. */
export const recipes = () =>
  queryOptions({
    queryKey: ["connect"],
    queryFn: ({ signal }) => read<Recipes>("/api/v1/connect", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** How long it is believed that a server does not judge: it was asked and knows no such path. */
const ABSENT_MS = 60_000;

/** What only a server that judges answers: null from one that does not, which is then asked again only after a minute. */
function judged<T>(key: readonly unknown[], url: string, isThere: (answer: T) => boolean = () => true) {
  return queryOptions({
    queryKey: [LIVE, ...key],
    queryFn: async ({ signal }) => {
      const answer = await orNothing(read<T>(url, { signal }));
      return answer !== null && isThere(answer) ? answer : null;
    },
    enabled: ({ state }) => state.data !== null || Date.now() - state.dataUpdatedAt > ABSENT_MS,
  });
}

export const loadLine = (service: string) =>
  judged<LoadLineAnswer>(["load-line", service], urlOf("/api/performance/load-line", { service }));

export const loadLines = () => judged<LoadLines>(["load-lines"], "/api/performance/load-lines");

export const standards = (service: string) =>
  judged<StandardsAnswer>(["standards", service], urlOf("/api/performance/standards", { service }));

/** Alerts under this key are read again after each change of one. */
export const ALERTS = [LIVE, "alerts"] as const;

/** How many fire, of one service or all. */
export const firing = () =>
  judged<AlertList>(["alerts", "firing"], urlOf("/api/performance/alerts", { resolved: "false", limit: 1 }));

/** Pending, firing and resolved ones, the latest first. */
export const alerts = (service: string | null) =>
  judged<AlertList>(["alerts", "all", service], urlOf("/api/performance/alerts", { service, limit: 300 }));

export const silences = () => judged<SilenceList>(["alerts", "silences"], "/api/performance/silences");

export const deploys = (service: string) =>
  judged<DeployList>(["deploys", service], urlOf("/api/performance/deploys", { service }));

/** The newest suggestion under this key is read again after a question. */
export const SUGGESTIONS = [LIVE, "suggestions"] as const;

/** What a model said last of the findings of a service; null where none is configured. */
export const suggestions = (service: string) =>
  judged<SuggestionList>(
    ["suggestions", service],
    urlOf("/api/v1/suggestions", { service, limit: 1 }),
    (answer) => answer.enabled,
  );

export const thresholds = () =>
  queryOptions({
    queryKey: ["thresholds"],
    queryFn: ({ signal }) => read<Thresholds>("/api/performance/thresholds", { signal }),
  });

/** A window came: what is on the screen is read again, what is not when it is next looked at. */
export function windowCame(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: [LIVE] }, { cancelRefetch: false });
}
