// Alerts: what fires, what is about to, what is silenced, what is over.
import "../style/alerts.css";
import "../style/verdict.css";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId } from "react";
import type { Alert } from "../api/judged";
import { alerts, services } from "../api/queries";
import { Part } from "../parts/Part";
import { Sign, State } from "../parts/State";
import { type Column, Table } from "../parts/Table";
import { Link } from "../route/Link";
import { servicePath, useParam } from "../route/location";
import {
  againstWords,
  alertFacts,
  alertsHead,
  alertTitle,
  lasted,
  messageBeyond,
  resolvedWords,
  SEVERITIES,
} from "../words/alerts";
import { hour } from "../words/moments";
import { count } from "../words/numbers";
import { OWN } from "../words/service";
import { AlertActions } from "./AlertActions";
import { Silences } from "./Silences";

export default function AlertsView() {
  const [service, setService] = useParam("service");
  const [find] = useParam("q");
  const asked = useQuery(alerts(service));
  useEffect(() => {
    document.title = `Alerts${service === null ? "" : ` of ${service}`} · Plimsoll`;
  }, [service]);

  return (
    <Part asked={asked} reading="the alerts">
      {(answer) => {
        if (answer === null) return <None />;
        const now = Date.parse(answer.timestamp);
        const { head, more } = alertsHead(answer.alerts, service, now);
        const wanted = (find ?? "").toLowerCase();
        const shown = answer.alerts.filter((one) =>
          `${one.service} ${one.key} ${one.message} ${one.severity}`.toLowerCase().includes(wanted),
        );
        const of = (state: Alert["state"]) => shown.filter((one) => one.state === state);
        const pending = of("pending");
        return (
          <>
            <section className="wrap lead">
              <h1>
                <b>{head.bold}</b> {head.rest}
              </h1>
              {more && <p>{more}</p>}
            </section>
            <section className="wrap" aria-labelledby="firing">
              <div className="head">
                <h2 id="firing">Firing</h2>
                <p>{find ? `with “${find}”, ` : ""}the most severe first</p>
                <ServiceChoice chosen={service} choose={setService} />
              </div>
              <List alerts={sortedBySeverity(of("firing"))} now={now} none="Nothing fires." />
            </section>
            {pending.length > 0 && (
              <section className="wrap sec" aria-labelledby="pending">
                <div className="head">
                  <h2 id="pending">Pending</h2>
                  <p>past the line, but not for long enough</p>
                </div>
                <List alerts={pending} now={now} none="" />
              </section>
            )}
            <div className="wrap sec">
              <Silences service={service} now={now} />
            </div>
            <section className="wrap sec" aria-labelledby="history">
              <div className="head">
                <h2 id="history">Resolved</h2>
                <p>
                  the latest first
                  {answer.total > answer.alerts.length &&
                    `; ${count(answer.alerts.length)} of ${count(answer.total)} alerts are shown`}
                </p>
              </div>
              <History alerts={of("resolved")} now={now} />
            </section>
          </>
        );
      }}
    </Part>
  );
}

/** The worst first; equals in the order that they came in. */
function sortedBySeverity(all: readonly Alert[]): Alert[] {
  return [...all].sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
}

function ServiceChoice({ chosen, choose }: { chosen: string | null; choose: (service: string | null) => void }) {
  const id = useId();
  const names = useQuery(services()).data?.services.map((one) => one.name) ?? [];
  const all = chosen === null || names.includes(chosen) ? names : [chosen, ...names];
  return (
    <span className="r choice">
      <label htmlFor={id}>Service</label>
      <select id={id} className="btn" value={chosen ?? ""} onChange={(event) => choose(event.target.value || null)}>
        <option value="">all</option>
        {all.map((name) => (
          <option key={name} value={name}>
            {name === OWN ? `${name}, this server` : name}
          </option>
        ))}
      </select>
    </span>
  );
}

function List({ alerts: shown, now, none }: { alerts: readonly Alert[]; now: number; none: string }) {
  if (shown.length === 0) return none ? <p className="note">{none}</p> : null;
  return (
    <ol>
      {shown.map((alert) => (
        <One key={alert.id} alert={alert} now={now} />
      ))}
    </ol>
  );
}

function One({ alert, now }: { alert: Alert; now: number }) {
  // What is foreseen is past nothing yet.
  const shape = alert.state === "pending" || alert.type === "forecast" ? "w" : "p";
  const title = alertTitle(alert);
  const against = againstWords(alert);
  return (
    <li className={`fd ${shape}`} data-alert={alert.id}>
      <Sign shape={shape} />
      <div>
        <p className="s">
          <b>{title}</b> in <Link href={servicePath(alert.service)}>{alert.service}</Link>
          {against && `: ${against}`}
        </p>
        <p className="e">{[...alertFacts(alert, now), messageBeyond(alert)].filter(Boolean).join(" · ")}</p>
        <AlertActions
          alert={alert}
          about={{ service: alert.service, key: alert.key, title: `${title} in ${alert.service}` }}
          now={now}
          resolves
        >
          {alert.finding && <Link href={servicePath(alert.service)}>Finding</Link>}
        </AlertActions>
      </div>
    </li>
  );
}

function History({ alerts: shown, now }: { alerts: readonly Alert[]; now: number }) {
  if (shown.length === 0) return <p className="note">None was resolved yet.</p>;
  return (
    <Table
      label="Resolved alerts"
      columns={historyColumns(now)}
      rows={shown}
      keyOf={(one) => one.id}
      param="hsort"
      usual={{ by: "resolved", down: true }}
    />
  );
}

function historyColumns(now: number): Column<Alert>[] {
  return [
    {
      id: "what",
      head: "Alert",
      value: alertTitle,
      cell: (one) => (
        <>
          <State shape="t" label="over" /> {alertTitle(one)}
        </>
      ),
    },
    {
      id: "service",
      head: "service",
      value: (one) => one.service,
      cell: (one) => <Link href={servicePath(one.service)}>{one.service}</Link>,
    },
    {
      id: "severity",
      head: "severity",
      className: "hp",
      value: (one) => SEVERITIES.indexOf(one.severity),
      cell: (one) => one.severity,
    },
    { id: "value", head: "value", className: "hp hm", cell: (one) => <span className="dim">{againstWords(one)}</span> },
    {
      id: "since",
      head: "since",
      num: true,
      className: "hp",
      value: (one) => Date.parse(one.since),
      cell: (one) => hour(Date.parse(one.since), now),
    },
    {
      id: "lasted",
      head: "lasted",
      num: true,
      value: (one) => Date.parse(one.resolved_at ?? one.since) - Date.parse(one.since),
      cell: (one) => lasted(one, now),
    },
    {
      id: "resolved",
      head: "resolved",
      num: true,
      value: (one) => Date.parse(one.resolved_at ?? one.since),
      cell: (one) => (
        <span title={resolvedWords(one)}>
          {hour(Date.parse(one.resolved_at ?? one.since), now)}
          {one.resolved_by === "user" && <span className="dim hp"> by hand</span>}
        </span>
      ),
    },
  ];
}

function None() {
  return (
    <section className="wrap lead">
      <h1>
        <b>This server does not judge.</b> It is of a version without alerts.
      </h1>
    </section>
  );
}
