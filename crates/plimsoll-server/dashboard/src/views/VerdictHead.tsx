// The first thing that is seen of a service: a sentence, why, and a score with what took points away.
import { type CSSProperties, Fragment, type ReactNode } from "react";
import type { Finding, LoadLineAnswer, Score } from "../api/judged";
import { Jump } from "../parts/Jump";
import { NONE } from "../words/numbers";
import { ofHundred, points } from "../words/score";
import { findingId } from "./Findings";
import { ReportLinks } from "./ReportLinks";

interface Told {
  answer: LoadLineAnswer;
  /** "prod · v2.14.0 a1f3c9e · 3 instances". */
  particulars: string;
  now: number;
}

export function VerdictHead({ answer, particulars, now }: Told) {
  const { verdict, score, findings, missing } = answer;
  return (
    <section className="wrap verdict" aria-labelledby="verdict">
      <div>
        <h1 id="verdict">
          <b>{verdict.bold}</b> {verdict.rest}
        </h1>
        {verdict.more && (
          <p className="why">
            <Linked text={verdict.more} findings={findings} />
          </p>
        )}
        <p className="dim">
          {particulars} · <ReportLinks service={answer.service} />
        </p>
        {(missing?.length ?? 0) > 0 && <p className="dim">Not judged: {missing.join("; ")}</p>}
      </div>
      <ScoreBars score={score} now={now} />
    </section>
  );
}

/** A sentence in which what a finding is about leads to it. */
function Linked({ text, findings }: { text: string; findings: readonly Finding[] }): ReactNode {
  const found = findings.find((one) => one.subject !== "" && text.includes(one.subject));
  if (!found) return text;
  const at = text.indexOf(found.subject);
  return (
    <>
      {text.slice(0, at)}
      <Jump className="mono" to={findingId(found.id)}>
        {found.subject}
      </Jump>
      {text.slice(at + found.subject.length)}
    </>
  );
}

function ScoreBars({ score, now }: { score: Score; now: number }) {
  return (
    <div className="score">
      <div>
        <div className="n">{score.value === null ? NONE : points(score.value)}</div>
        <div className="of">{ofHundred(score, now)}</div>
      </div>
      <ol className="parts" aria-label="Score by component">
        {score.components.map((part) => (
          <li key={part.name} style={barStyle(part.weight, part.points)} className={part.points === null ? "off" : ""}>
            <i />
            <b>{part.points === null ? NONE : points(part.points)}</b>/{part.weight}
            <br />
            <span>{part.label}</span>
          </li>
        ))}
      </ol>
      {score.took.length > 0 && (
        <dl className="took" aria-label="What took points away">
          {score.took.map(({ points: lost, reason }) => (
            <Fragment key={reason}>
              <dt>{points(-Math.abs(lost))}</dt>
              <dd>{reason}</dd>
            </Fragment>
          ))}
        </dl>
      )}
    </div>
  );
}

function barStyle(weight: number, got: number | null): CSSProperties {
  const full = weight > 0 ? ((got ?? 0) / weight) * 100 : 0;
  return { "--w": weight, "--f": `${Math.max(0, Math.min(100, full))}%` } as CSSProperties;
}
