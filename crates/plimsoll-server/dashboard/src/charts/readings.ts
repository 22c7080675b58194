// Processor and memory of a service's instances, on the time axis of its requests.
import type { QueryAnswer, QuerySeries, SeriesList, Values } from "../api/shapes";
import { highest } from "./gaps";

export interface Readings {
  instances: number;
  /** Cores in use, of the instance that uses most. */
  cpu: Values | null;
  /** Bytes, of the instance that uses most. */
  memory: Values | null;
  cpuLimit: number | null;
  memoryLimit: number | null;
}

/** Steps of both answers are aligned to the epoch: a reading belongs to the step of the same time. */
export function readings(
  series: Pick<SeriesList, "times">,
  answer: Pick<QueryAnswer, "series"> | null,
): Readings | null {
  if (!answer || answer.series.length === 0) return null;
  const of = (field: string) => {
    const instances = answer.series.map((one) => ({
      times: column(one, "time").map(Number),
      values: column(one, field),
    }));
    const values = highest(series.times, instances);
    return values.some((value) => value !== null) ? values : null;
  };
  const limit = (field: string) => {
    const values = answer.series
      .flatMap((one) => column(one, field))
      .filter((value): value is number => value !== null);
    return values.length > 0 ? Math.min(...values) : null;
  };
  return {
    instances: answer.series.length,
    cpu: of("rate_cpu_time") ?? of("mean_cpu"),
    memory: of("mean_memory_rss"),
    cpuLimit: limit("last_cpu_limit"),
    memoryLimit: limit("last_memory_limit"),
  };
}

/** The numbers of a column; one that is not there has none. */
function column(series: QuerySeries, name: string): Values {
  const at = series.columns.indexOf(name);
  return series.values.map((row) => {
    const value = at < 0 ? null : row[at];
    return typeof value === "number" ? value : null;
  });
}
