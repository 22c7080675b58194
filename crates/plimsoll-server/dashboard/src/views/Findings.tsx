// What is past its line or close to it: what, how much, since when; why; what to do.
import type { Alert, Finding } from "../api/judged";
import { Fix } from "../parts/Fix";
import { Jump } from "../parts/Jump";
import { Sign, State } from "../parts/State";
import { evidenceWords } from "../words/findings";
import { findingsWords } from "../words/load";
import { AlertActions } from "./AlertActions";
import { Suggested } from "./Suggested";

/** The element of a finding. */
export function findingId(id: string): string {
  return `finding ${id}`.replaceAll(" ", "-");
}

interface Told {
  service: string;
  findings: readonly Finding[];
  fine: readonly string[];
  /** The alerts of the service, as far as they are read. */
  alerts: readonly Alert[];
  now: number;
}

export function Findings({ service, findings, fine, alerts, now }: Told) {
  return (
    <section aria-labelledby="findings">
      <div className="head">
        <h2 id="findings">Findings</h2>
        <p>{findingsWords(findings)}</p>
      </div>
      {findings.length > 0 && (
        <ol className="finds">
          {findings.map((finding) => (
            <One
              key={finding.id}
              finding={finding}
              cause={findings.find((one) => one.id === finding.follows_from)}
              alert={alerts.find((one) => one.id === finding.alert)}
              now={now}
            />
          ))}
        </ol>
      )}
      <Suggested service={service} findings={findings} now={now} />
      {fine.length > 0 && (
        <p className="fine">
          <State shape="t">Fine:</State> {fine.join(", ")}.
        </p>
      )}
    </section>
  );
}

interface OneTold {
  finding: Finding;
  /** The finding that this one follows from. */
  cause: Finding | undefined;
  alert: Alert | undefined;
  now: number;
}

function One({ finding, cause, alert, now }: OneTold) {
  const shape = finding.place === "past" ? "p" : "w";
  return (
    <li className={`fd ${shape}`} id={findingId(finding.id)} tabIndex={-1} data-copy={finding.fix ?? undefined}>
      <Sign shape={shape} />
      <div>
        <p className="s">
          <b>{finding.headline}</b> {finding.cause}
        </p>
        <p className="e">
          {evidenceWords(finding, now)}
          {finding.follows_from !== null && (
            <>
              {" · follows from "}
              {cause ? <Jump to={findingId(cause.id)}>{cause.subject}</Jump> : finding.follows_from}
            </>
          )}
          {finding.action && ` · ${finding.action}`}
        </p>
        {finding.fix && <Fix code={finding.fix} label={`What to do: ${finding.headline}`} />}
        {finding.runbook && (
          <details>
            <summary>What to do, step by step</summary>
            <p>{finding.runbook}</p>
          </details>
        )}
        <AlertActions
          alert={alert ?? null}
          about={{ service: finding.service, key: alert?.key ?? finding.id, title: finding.headline }}
          now={now}
        >
          <Jump to="when">Evidence</Jump>
        </AlertActions>
      </div>
    </li>
  );
}
