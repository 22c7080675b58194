// All services: the sentence, then one row each, the most pressing first.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { lastHour, loadLines, services, totals } from "../api/queries";
import { Part, Reading } from "../parts/Part";
import { State } from "../parts/State";
import { Table } from "../parts/Table";
import { Link } from "../route/Link";
import { go, servicePath, useParam } from "../route/location";
import { isPast, ofLoadLines } from "../words/judged";
import { NBSP } from "../words/numbers";
import { ofServices } from "../words/sentences";
import { conditionOf, FAILING, OWN } from "../words/service";
import { columns, judgedColumns, type Row } from "./serviceColumns";

const ConnectView = lazy(() => import("./ConnectView"));

export function ServicesView() {
  const asked = useQuery(services());
  const now = useQuery(totals());
  const judged = useQuery(loadLines());
  // Where services are judged, their load lines stand in the place of their last hour.
  const hours = useQuery({ ...lastHour(), enabled: !judged.isPending && !judged.data });
  const [find] = useParam("q");
  useEffect(() => {
    document.title = "Services · Plimsoll";
  }, []);

  return (
    <Part asked={asked} reading="the services">
      {(answer) => {
        if (judged.isPending) return <Reading what="the services" />;
        const lines = judged.data?.services ?? null;
        const known = answer.services.map((service): Row => {
          const row = now.data?.rows.find((one) => one.service === service.name);
          const line = hours.data?.lines.find((one) => one.service === service.name);
          // What the browser's clock says may be off: the answer was made at the time that it names.
          return {
            service,
            now: row,
            hour: line,
            condition: conditionOf(service, row, Date.now()),
            line: lines?.find((one) => one.service === service.name),
          };
        });
        if (known.every((one) => one.service.name === OWN)) {
          return (
            <Suspense>
              <ConnectView empty />
            </Suspense>
          );
        }
        const sentence = lines ? ofLoadLines(lines) : ofServices(known);
        const shown = known.filter((one) => one.service.name.toLowerCase().includes((find ?? "").toLowerCase()));
        return (
          <>
            <section className="wrap lead">
              <h1>
                <b>{sentence.head.bold}</b> {sentence.head.rest}
              </h1>
              <p>{sentence.more}</p>
            </section>
            <section className="wrap" aria-labelledby="sv">
              <div className="head">
                <h2 id="sv">Services</h2>
                <p>last 5 min, the most pressing first</p>
                <Link className="btn" href="/connect">
                  Connect a service
                </Link>
                {lines ? <JudgedLegend /> : <Legend />}
              </div>
              <Table
                label="Services"
                className={lines ? "svc judged" : "svc"}
                columns={lines ? judgedColumns(Date.now()) : columns(Date.now())}
                rows={shown}
                keyOf={(one) => one.service.name}
                param="sort"
                usual={{ by: "state", down: true }}
                rowClass={(one) => (isBad(one, lines !== null) ? "bad" : undefined)}
                open={(one) => go(servicePath(one.service.name))}
              />
              {shown.length === 0 && <p className="more">No service has “{find}” in its name.</p>}
            </section>
          </>
        );
      }}
    </Part>
  );
}

function isBad(row: Row, judged: boolean): boolean {
  if (!judged) return row.condition.is === "failing";
  return row.line !== undefined && isPast(row.line);
}

function Legend() {
  return (
    <ul className="leg r">
      <li>
        <State shape="t">reporting</State>
      </li>
      <li>
        <State shape="p">
          {FAILING * 100}
          {NBSP}% or more fail
        </State>
      </li>
      <li>
        <State shape="n">silent</State>
      </li>
    </ul>
  );
}

function JudgedLegend() {
  return (
    <ul className="leg r">
      <li>
        <State shape="t">healthy</State>
      </li>
      <li>
        <State shape="w">close</State>
      </li>
      <li>
        <State shape="p">past the line</State>
      </li>
      <li>
        <State shape="n">no data</State>
      </li>
    </ul>
  );
}
