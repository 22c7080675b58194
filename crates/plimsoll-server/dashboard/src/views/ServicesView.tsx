// All services: the sentence, then one row each, the most pressing first.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { lastHour, services, totals } from "../api/queries";
import type { Line } from "../api/shapes";
import { Part } from "../parts/Part";
import { Spark } from "../parts/Spark";
import { State } from "../parts/State";
import { type Column, Table } from "../parts/Table";
import { Link } from "../route/Link";
import { go, servicePath, useParam } from "../route/location";
import { clock, hour, shortAge } from "../words/moments";
import { duration, NBSP, NONE, rate, share } from "../words/numbers";
import { ofServices } from "../words/sentences";
import {
  conditionOf,
  conditionWord,
  FAILING,
  type Known,
  lastSeen,
  OWN,
  particulars,
  pressing,
  SHAPES,
} from "../words/service";

const ConnectView = lazy(() => import("./ConnectView"));

export function ServicesView() {
  const asked = useQuery(services());
  const now = useQuery(totals());
  const hours = useQuery(lastHour());
  const [find] = useParam("q");
  useEffect(() => {
    document.title = "Services · Plimsoll";
  }, []);

  return (
    <Part asked={asked} reading="the services">
      {(answer) => {
        const known = answer.services.map((service): Known => {
          const row = now.data?.rows.find((one) => one.service === service.name);
          const line = hours.data?.lines.find((one) => one.service === service.name);
          // What the browser's clock says may be off: the answer was made at the time that it names.
          return { service, now: row, hour: line, condition: conditionOf(service, row, Date.now()) };
        });
        if (known.every((one) => one.service.name === OWN)) {
          return (
            <Suspense>
              <ConnectView empty />
            </Suspense>
          );
        }
        const sentence = ofServices(known);
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
              </div>
              <Table
                label="Services"
                className="svc"
                columns={columns(Date.now())}
                rows={shown}
                keyOf={(one) => one.service.name}
                param="sort"
                usual={{ by: "state", down: true }}
                rowClass={(one) => (one.condition.is === "failing" ? "bad" : undefined)}
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

function columns(at: number): Column<Known>[] {
  return [
    {
      id: "name",
      head: "Service",
      value: (one) => one.service.name,
      cell: (one) => (
        <>
          <Link className="nm" href={servicePath(one.service.name)}>
            {one.service.name}
          </Link>
          <small>{one.service.name === OWN ? "this server" : particulars(one.service)}</small>
        </>
      ),
    },
    {
      id: "state",
      head: "State",
      value: pressing,
      cell: (one) => <State shape={SHAPES[one.condition.is]}>{conditionWord(one.condition)}</State>,
    },
    {
      id: "requests",
      head: twoLines("requests", "per min"),
      num: true,
      className: "hp",
      value: (one) => one.now?.requests_per_minute ?? null,
      cell: (one) => rate(one.now?.requests_per_minute),
    },
    {
      id: "errors",
      head: "errors",
      num: true,
      className: "hp",
      value: (one) => one.now?.error_rate ?? null,
      cell: (one) => <Share ratio={one.now?.error_rate} />,
    },
    {
      id: "p95",
      head: "p95",
      num: true,
      className: "hp",
      value: (one) => one.now?.p95_seconds ?? null,
      cell: (one) => duration(one.now?.p95_seconds),
    },
    { id: "hour", head: twoLines("p95", "last hour"), className: "hp spk", cell: (one) => <Hour line={one.hour} /> },
    {
      id: "seen",
      head: "last seen",
      num: true,
      className: "hp",
      value: (one) => lastSeen(one.service),
      cell: (one) => <LastSeen known={one} at={at} />,
    },
    {
      id: "phone",
      head: null,
      className: "phone po",
      cell: (one) =>
        one.condition.is === "silent" ? (
          <LastSeen known={one} at={at} />
        ) : (
          `${rate(one.now?.requests_per_minute)} requests per min · p95 ${duration(one.now?.p95_seconds)}`
        ),
    },
  ];
}

function twoLines(first: string, second: string) {
  return (
    <>
      {first}
      <br />
      {second}
    </>
  );
}

/** A share of failed requests: bold where it is told as failing. */
export function Share({ ratio }: { ratio: number | null | undefined }) {
  if (ratio == null) return NONE;
  return ratio >= FAILING ? <b className="p">{share(ratio)}</b> : share(ratio);
}

function Hour({ line }: { line: Line | undefined }) {
  if (!line || line.p95_seconds.every((value) => value === null)) return <span className="dim">no requests</span>;
  const there = line.p95_seconds.filter((value): value is number => value !== null);
  const label = `p95 of the last hour, ${duration(Math.min(...there))} to ${duration(Math.max(...there))}`;
  return <Spark values={line.p95_seconds} label={label} />;
}

function LastSeen({ known, at }: { known: Known; at: number }) {
  const seen = lastSeen(known.service);
  if (Number.isNaN(seen)) return NONE;
  if (known.condition.is !== "silent") return <span title={clock(seen)}>now</span>;
  return (
    <>
      <b>{hour(seen, at)}</b>
      <span className="dim">, silent {shortAge(known.condition.forSeconds)}</span>
    </>
  );
}
