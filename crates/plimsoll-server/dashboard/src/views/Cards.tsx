// Parts at a glance: queries, processor and memory, disk, pools; each only where it is known.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Finding, Float, FloatGroup } from "../api/judged";
import { databaseQueries } from "../api/queries";
import { shapeOf } from "../load-line/geometry";
import { resourceOf } from "../load-line/resources";
import { Jump } from "../parts/Jump";
import { ScaleCell } from "../parts/ScaleCell";
import { aheadWords } from "../words/ahead";
import { capital } from "../words/capital";
import { floatSentence, measured } from "../words/load";
import { duration, many, rate, share } from "../words/numbers";
import { findingId } from "./Findings";

interface Shown {
  name: string;
  groups: readonly FloatGroup[];
  findings: readonly Finding[];
}

export function Cards({ name, groups, findings }: Shown) {
  const [cpu, memory, disk] = [resourceOf(groups, "cpu"), resourceOf(groups, "memory"), resourceOf(groups, "disk")];
  const pools = groups.find((group) => group.name === "pools")?.floats.filter(isKnown) ?? [];
  const used = [cpu, memory].filter((float): float is Float => float !== null && isKnown(float));
  return (
    <section className="wrap sec cards" aria-label="Parts">
      <QueriesCard name={name} />
      {pools.length > 0 && (
        <Card title={pools.length === 1 ? `Pool ${pools[0]?.name}` : "Pools"} about="in use, now">
          {pools.map((float) => (
            <Gauge key={float.id} float={float} group="pools" named={pools.length > 1} findings={findings} />
          ))}
        </Card>
      )}
      {used.length > 0 && (
        <Card title="CPU and memory" about="last 5 min">
          {used.map((float) => (
            <Gauge key={float.id} float={float} group="resources" named findings={findings} />
          ))}
        </Card>
      )}
      {disk && isKnown(disk) && (
        <Card title="Disk" about="now">
          <Gauge float={disk} group="resources" named={false} findings={findings} />
        </Card>
      )}
    </section>
  );
}

function isKnown(float: Float): boolean {
  return float.place !== "unknown" && float.value !== null && float.limit !== null;
}

function Card({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <article className="card">
      <div className="head">
        <h3>{title}</h3>
        <p>{about}</p>
      </div>
      {children}
    </article>
  );
}

interface Gauged {
  float: Float;
  group: FloatGroup["name"];
  /** Whether its name stands beside the value. */
  named: boolean;
  findings: readonly Finding[];
}

/** Half and four fifths of the limit: where a thing without bands is no longer in target, and where it is close. */
const TICKS = [0.5, 0.8];

function Gauge({ float, group, named, findings }: Gauged) {
  const { value, limit } = float;
  if (value === null || limit === null) return null;
  const finding = findings.find((one) => one.id === float.finding);
  const shape = shapeOf(float);
  return (
    <>
      <div className={shape.startsWith("p") ? "big p" : "big"}>
        {measured(value, float.unit)}{" "}
        <small>
          {named && `${float.name}, `}line {measured(limit, float.unit)}
        </small>
      </div>
      <ScaleCell
        value={value}
        limit={limit}
        ticks={TICKS.map((tick) => tick * limit)}
        shape={shape}
        label={floatSentence(float, group)}
      />
      {/* The finding of a forecast says the same. */}
      {float.reaches_limit_days && finding?.kind !== "forecast" && (
        <p className="about">{capital(aheadWords(float.reaches_limit_days))}.</p>
      )}
      {finding && (
        <p className="about">
          <Jump to={findingId(finding.id)}>{finding.headline.replace(/:$/, "")}</Jump>
        </p>
      )}
    </>
  );
}

/** The card shows those that take most; the table below all. */
const MOST_QUERIES = 3;

function QueriesCard({ name }: { name: string }) {
  const asked = useQuery(databaseQueries(name));
  const all = asked.data?.queries ?? [];
  if (all.length === 0) return null;
  const top = [...all].sort((a, b) => (b.share ?? 0) - (a.share ?? 0)).slice(0, MOST_QUERIES);
  const perMinute = all.reduce((sum, one) => sum + one.per_minute, 0);
  return (
    <article className="card x2">
      <div className="head">
        <h3>Queries</h3>
        <p>p95, share of the time in the database, last 5 min</p>
      </div>
      <table className="q" aria-label="Queries that take most of the time">
        <tbody>
          {top.map((one) => (
            <tr key={[one.db_system, one.db_name, one.method, one.route, one.statement].join(" ")}>
              <td title={one.statement}>{one.statement}</td>
              <td className="num">{rate(one.per_minute)}/min</td>
              <td className="num">{duration(one.p95_seconds)}</td>
              <td className="num">
                <b>{share(one.share)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="about">
        {rate(perMinute)} queries per min.{" "}
        <Jump to="queries">{all.length === 1 ? "The statement" : `All ${many(all.length, "statement")}`}</Jump>
      </p>
    </article>
  );
}
