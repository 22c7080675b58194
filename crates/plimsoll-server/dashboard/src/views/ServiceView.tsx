// One service: the sentence and the score, its load line, standards and findings, its routes, what happened when, its parts.
import "../style/verdict.css";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo } from "react";
import {
  alerts,
  deploys,
  loadLine,
  routeSeries,
  routes,
  services,
  standards,
  totals,
  weekByHour,
} from "../api/queries";
import type { Service } from "../api/shapes";
import { cutsOf } from "../charts/spark";
import { LoadLine } from "../load-line/LoadLine";
import { viewsOf } from "../load-line/resources";
import { byId, jumpTo } from "../parts/Jump";
import { later, WhenNear } from "../parts/later";
import { Part, Trouble } from "../parts/Part";
import { Link } from "../route/Link";
import { useParam } from "../route/location";
import { finestStep, rangeOf, zoomOf } from "../route/range";
import { useZoomKeys } from "../route/zoomKeys";
import { ofService, type Sentence, type Slower } from "../words/sentences";
import { conditionOf, type Known, lastSeen, OWN, particulars, SLOWER } from "../words/service";
import { type RouteRow, routeRows } from "../words/usual";
import { Calls } from "./Calls";
import { Cards } from "./Cards";
import { Findings, findingId } from "./Findings";
import { HealthChecks } from "./HealthChecks";
import { Queries } from "./Queries";
import { RoutesTable } from "./RoutesTable";
import { StandardsTable } from "./StandardsTable";
import { VerdictHead } from "./VerdictHead";

/** The charts come with a library of their own. */
const WhatHappened = later(() => import("./WhatHappened"));

/** From three days on there are days to compare with. */
const OLD_MS = 3 * 24 * 3_600_000;

export default function ServiceView({ name }: { name: string }) {
  const asked = useQuery(services());
  useEffect(() => {
    document.title = `${name} · Plimsoll`;
  }, [name]);
  return (
    <Part asked={asked} reading="the service">
      {(answer) => {
        const service = answer.services.find((one) => one.name === name);
        return service ? (
          <Found service={service} />
        ) : (
          <Unknown name={name} known={answer.services.map((one) => one.name)} />
        );
      }}
    </Part>
  );
}

function Found({ service }: { service: Service }) {
  const name = service.name;
  const judged = useQuery(loadLine(name));
  const all = useQuery(totals());
  const told = useQuery(alerts(name)).data;
  const deployed = useQuery(deploys(name)).data?.deploys ?? [];
  const standard = useQuery(standards(name));
  const bands = standard.data;
  const [rangeText] = useParam("range");
  const range = rangeOf(rangeText);
  const [zoomText] = useParam("zoom");
  useZoomKeys(
    range,
    useMemo(() => zoomOf(zoomText), [zoomText]),
  );
  const now = useQuery(routes(name));
  const finest = finestStep(service.sources);
  const lines = useQuery(routeSeries(name, range, finest));
  // A service that is younger has no days before.
  const isOld = Date.now() - Date.parse(service.first_seen) > OLD_MS;
  const week = useQuery(weekByHour(name, isOld));
  const rows = routeRows(now.data?.rows ?? [], lines.data?.lines ?? [], week.data ?? null, Date.now());

  const line = judged.data;
  // What is written "since 14:09" is so at the time of the answer, not of the browser.
  const at = line ? Date.parse(line.timestamp) : Date.now();
  const row = all.data?.rows.find((one) => one.service === name);
  const known: Known = { service, now: row, hour: undefined, condition: conditionOf(service, row, Date.now()) };
  const details = name === OWN ? "this server" : particulars(service);
  const cuts = cutsOf(
    lines.data?.times ?? [],
    deployed.map((one) => Date.parse(one.time)),
  );
  const routesPart = (
    <Part asked={now} reading="the routes">
      {() => (
        <RoutesTable rows={rows} range={range} missing={now.data?.missing} classes={bands?.classes ?? []} cuts={cuts} />
      )}
    </Part>
  );

  return (
    <>
      {line === null ? (
        <>
          <Plain {...ofService(known, now.data?.rows ?? [], slowest(rows))} details={details} />
          <div className="wrap">{routesPart}</div>
        </>
      ) : (
        <>
          {line ? (
            <VerdictHead answer={line} particulars={details} now={at} />
          ) : (
            <Plain head={{ bold: name, rest: "" }} more="" details={details} />
          )}
          {judged.isError && !line && (
            <div className="wrap">
              <Trouble error={judged.error} again={() => judged.refetch()} />
            </div>
          )}
          <LoadLine
            groups={line?.groups}
            minutes={line?.period_minutes ?? 5}
            now={at}
            lastSeen={lastSeen(service)}
            open={(float, group) => {
              const finding = float.finding === null ? [] : [byId(findingId(float.finding))];
              jumpTo(...finding, ...viewsOf(float, group));
            }}
          />
          <div className="wrap sec two">
            <StandardsTable name={name} now={at} />
            <Findings
              service={name}
              findings={line?.findings ?? []}
              fine={line?.fine ?? []}
              alerts={told?.alerts ?? []}
              now={at}
            />
            {routesPart}
          </div>
        </>
      )}
      <div className="wrap sec far">
        <WhenNear waits={judged.isPending || standard.isPending || now.isPending} ahead={<Ahead />}>
          <Suspense fallback={<Ahead />}>
            <WhatHappened name={name} range={range} finest={finest} />
          </Suspense>
        </WhenNear>
      </div>
      {line && <Cards name={name} groups={line.groups} findings={line.findings} />}
      <div className="wrap sec far pair">
        <Queries name={name} />
        <Calls name={name} />
      </div>
      {name === OWN && (
        <div className="wrap sec far">
          <HealthChecks />
        </div>
      )}
    </>
  );
}

/** The place of the charts while they are on their way. */
function Ahead() {
  return (
    <section aria-labelledby="when" className="ahead">
      <div className="head">
        <h2 id="when">What happened when</h2>
      </div>
    </section>
  );
}

/** The sentence where nothing is judged: while it is read, or of a server that does not. */
function Plain({ head, more, details }: { head: Sentence; more: string; details: string }) {
  return (
    <section className="wrap lead">
      <h1>
        <b>{head.bold}</b> {head.rest}
      </h1>
      {more && <p>{more}</p>}
      <p className="dim">{details}</p>
    </section>
  );
}

/** The route that is furthest above its usual p95, if one is far. */
function slowest(rows: readonly RouteRow[]): Slower | null {
  const [worst] = rows.filter((row) => (row.ratio ?? 0) >= SLOWER).sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
  const p95 = worst?.totals.p95_seconds;
  if (!worst || worst.ratio === null || worst.usual === null || p95 == null) return null;
  return { name: worst.key, ratio: worst.ratio, p95, usual: worst.usual };
}

function Unknown({ name, known }: { name: string; known: readonly string[] }) {
  return (
    <section className="wrap lead">
      <h1>
        <b>Nothing was received from a service named {name}.</b>
      </h1>
      <p>
        {known.length > 0 ? `Known are ${known.slice(0, 10).join(", ")}.` : "No service has sent anything yet."}{" "}
        <Link href="/connect">Connect a service</Link>
      </p>
    </section>
  );
}
