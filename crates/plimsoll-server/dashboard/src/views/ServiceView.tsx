// One service: the sentence, its routes, what happened when, its queries and calls, its health.
import "uplot/dist/uPlot.min.css";
import "../style/charts.css";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { routeSeries, routes, services, totals, weekByHour } from "../api/queries";
import { Part } from "../parts/Part";
import { Link } from "../route/Link";
import { useParam } from "../route/location";
import { finestStep, rangeOf } from "../route/range";
import { ofService, type Slower } from "../words/sentences";
import { conditionOf, type Known, OWN, particulars, SLOWER } from "../words/service";
import { type RouteRow, routeRows } from "../words/usual";
import { Calls } from "./Calls";
import { HealthChecks } from "./HealthChecks";
import { Queries } from "./Queries";
import { RoutesTable } from "./RoutesTable";
import { WhatHappened } from "./WhatHappened";

/** From three days on there are days to compare with. */
const OLD_MS = 3 * 24 * 3_600_000;

export default function ServiceView({ name }: { name: string }) {
  const asked = useQuery(services());
  const all = useQuery(totals());
  const [rangeText] = useParam("range");
  const range = rangeOf(rangeText);
  const now = useQuery(routes(name));
  const found = asked.data?.services.find((one) => one.name === name);
  const finest = finestStep(found?.sources);
  const lines = useQuery({ ...routeSeries(name, range, finest), enabled: found !== undefined });
  // A service that is younger has no days before.
  const isOld = found !== undefined && Date.now() - Date.parse(found.first_seen) > OLD_MS;
  const week = useQuery(weekByHour(name, isOld));
  useEffect(() => {
    document.title = `${name} · Plimsoll`;
  }, [name]);

  return (
    <Part asked={asked} reading="the service">
      {(answer) => {
        const service = answer.services.find((one) => one.name === name);
        if (!service) return <Unknown name={name} known={answer.services.map((one) => one.name)} />;
        const row = all.data?.rows.find((one) => one.service === name);
        const known: Known = { service, now: row, hour: undefined, condition: conditionOf(service, row, Date.now()) };
        const rows = routeRows(now.data?.rows ?? [], lines.data?.lines ?? [], week.data ?? null, Date.now());
        const { head, more } = ofService(known, now.data?.rows ?? [], slowest(rows));
        return (
          <>
            <section className="wrap lead">
              <h1>
                <b>{head.bold}</b> {head.rest}
              </h1>
              <p>{more}</p>
              <p className="dim">{name === OWN ? "this server" : particulars(service)}</p>
            </section>
            <div className="wrap">
              <Part asked={now} reading="the routes">
                {() => <RoutesTable rows={rows} range={range} missing={now.data?.missing} />}
              </Part>
            </div>
            <div className="wrap sec far">
              <WhatHappened name={name} range={range} finest={finest} />
            </div>
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
      }}
    </Part>
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
