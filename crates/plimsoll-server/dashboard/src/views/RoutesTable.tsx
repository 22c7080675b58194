// The routes of a service: now, and as a multiple of what is usual.
import { Fragment, useMemo } from "react";
import type { PlaceName, StandardsClass } from "../api/judged";
import { Share } from "../parts/Share";
import { Spark } from "../parts/Spark";
import { State } from "../parts/State";
import { type Column, Table } from "../parts/Table";
import { useParam } from "../route/location";
import type { Range } from "../route/range";
import { PLACES } from "../words/load";
import { count, duration, millis, NONE, rate, times } from "../words/numbers";
import { PLACE_SHAPES, placeOf } from "../words/place";
import { FAILING, SLOWER } from "../words/service";
import type { RouteRow } from "../words/usual";

interface Shown {
  rows: readonly RouteRow[];
  range: Range;
  missing: readonly string[] | undefined;
  /** The bands that routes are judged by; none of a server that does not judge. */
  classes: readonly StandardsClass[];
  /** Deploys in the range, shares of its length. */
  cuts: readonly number[];
}

/** Where a route lies among the bands of its class. */
type Placed = (row: RouteRow) => { name: string; place: PlaceName } | null;

export function RoutesTable({ rows, range, missing, classes, cuts }: Shown) {
  const classOf = useMemo(() => new Map(classes.flatMap((one) => one.routes.map((route) => [route, one]))), [classes]);
  const placed: Placed = (row) => {
    const found = classOf.get(row.key);
    const p95 = row.totals.p95_seconds;
    return found && p95 !== null ? { name: found.name, place: placeOf(p95, found) } : null;
  };
  const [find] = useParam("q");
  const wanted = (find ?? "").toLowerCase();
  const shown = rows.filter((row) => row.key.toLowerCase().includes(wanted));
  const perMinute = rows.reduce((sum, row) => sum + row.totals.requests_per_minute, 0);
  return (
    <section aria-labelledby="routes">
      <div className="head">
        <h2 id="routes">Routes</h2>
        <p>
          {rate(perMinute)} requests per min, last 5 min; usual: median p95 of{" "}
          {rows.some((row) => row.ofDays) ? "the same hours of the days before" : range.label}
        </p>
      </div>
      {(missing?.length ?? 0) > 0 && <p className="note">Some of it is missing: {missing?.join("; ")}</p>}
      <Table
        label="Routes"
        className="rtab"
        columns={columns(range, placed, cuts)}
        rows={shown}
        keyOf={(row) => row.key}
        param="sort"
        usual={{ by: "usual", down: true }}
        rowClass={(row) => (isFailing(row) || placed(row)?.place === "past" ? "bad" : undefined)}
      />
      {shown.length === 0 && (
        <p className="more">{rows.length === 0 ? `No requests in ${range.label}.` : `No route contains “${find}”.`}</p>
      )}
    </section>
  );
}

/** A path that may be broken behind its slashes. */
function Path({ path }: { path: string }) {
  return path.split(/(?<=.\/)/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a path stand in their order
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function isFailing(row: RouteRow): boolean {
  return (row.totals.error_rate ?? 0) >= FAILING;
}

function isSlower(row: RouteRow): boolean {
  return (row.ratio ?? 0) >= SLOWER;
}

function columns(range: Range, placed: Placed, cuts: readonly number[]): Column<RouteRow>[] {
  return [
    {
      id: "route",
      head: "Route",
      value: (row) => row.totals.route ?? "",
      cell: (row) => (
        <>
          <Sign row={row} at={placed(row)} />
          <span className="meth">{row.totals.method}</span>
          <span className="rt">
            <Path path={row.totals.route ?? ""} />
          </span>
        </>
      ),
    },
    {
      id: "requests",
      head: (
        <>
          requests
          <br />
          per min
        </>
      ),
      num: true,
      value: (row) => row.totals.requests_per_minute,
      cell: (row) => <span title={told(row)}>{rate(row.totals.requests_per_minute)}</span>,
    },
    {
      id: "errors",
      head: "errors",
      num: true,
      className: "hp",
      value: (row) => row.totals.error_rate,
      cell: (row) => <Share ratio={row.totals.error_rate} />,
    },
    {
      id: "4xx",
      head: "4xx",
      num: true,
      className: "hm c4xx",
      value: (row) => row.totals.client_errors,
      cell: (row) => (row.totals.client_errors > 0 ? count(row.totals.client_errors) : NONE),
    },
    percentile("p50", "hp", (row) => row.totals.p50_seconds),
    {
      ...percentile("p95", undefined, (row) => row.totals.p95_seconds),
      cell: (row) => (
        <b className={placed(row)?.place === "past" ? "p" : isSlower(row) ? "w" : undefined}>
          {millis(row.totals.p95_seconds)}
        </b>
      ),
    },
    percentile("p99", "hp", (row) => row.totals.p99_seconds),
    {
      id: "line",
      className: "spk",
      head: (
        <>
          p95
          <br />
          {range.label}
        </>
      ),
      cell: (row) =>
        row.line ? (
          <Spark
            values={row.line.p95_seconds}
            usual={row.usual}
            cuts={cuts}
            label={`p95 of ${range.label}, usually ${duration(row.usual)}`}
          />
        ) : (
          <span className="dim">{NONE}</span>
        ),
    },
    {
      id: "usual",
      head: "× usual",
      num: true,
      value: (row) => row.ratio,
      cell: (row) => <Ratio row={row} past={placed(row)?.place === "past"} />,
    },
  ];
}

function percentile(id: string, className: string | undefined, value: (row: RouteRow) => number | null) {
  const column: Column<RouteRow> = { id, head: `${id} ms`, num: true, value, cell: (row) => millis(value(row)) };
  return className ? { ...column, className } : column;
}

function Sign({ row, at }: { row: RouteRow; at: ReturnType<Placed> }) {
  if (isFailing(row)) return <State shape="p" label="fails" />;
  if (at) return <State shape={PLACE_SHAPES[at.place]} label={`${at.name}: ${PLACES[at.place]}`} />;
  if (isSlower(row)) return <State shape="w" label="slower than usual" />;
  if (row.totals.total_requests === 0) return <State shape="n" label="no requests" />;
  return <State shape="t" label="as usual" />;
}

function Ratio({ row, past }: { row: RouteRow; past: boolean }) {
  if (row.ratio === null) {
    const why = row.totals.total_requests === 0 ? "no requests in 5 min" : "not enough data";
    return (
      <span className="dim" title={why}>
        {NONE}
      </span>
    );
  }
  const title = `${duration(row.totals.p95_seconds)}, usually ${duration(row.usual)}`;
  return (
    <b className={isSlower(row) ? (past ? "p" : "w") : undefined} title={title}>
      {times(row.ratio)}
    </b>
  );
}

/** "240 in 5 min: 236 × 200, 4 × 503". */
function told(row: RouteRow): string {
  const statuses = Object.entries(row.totals.statuses ?? {}).map(([status, number]) => `${count(number)} × ${status}`);
  const all = `${count(row.totals.total_requests)} in 5 min`;
  return statuses.length > 0 ? `${all}: ${statuses.join(", ")}` : all;
}
