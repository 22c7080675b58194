// The classes of a service against their bands: where they lie now, and what is left of their budgets.
import { useQuery } from "@tanstack/react-query";
import type { StandardsAnswer, StandardsClass } from "../api/judged";
import { standards } from "../api/queries";
import { Part } from "../parts/Part";
import { ScaleCell } from "../parts/ScaleCell";
import { State } from "../parts/State";
import { type Column, Table } from "../parts/Table";
import { Link } from "../route/Link";
import { standardsPath } from "../route/location";
import { PLACES } from "../words/load";
import { shortAge } from "../words/moments";
import { duration, NONE, rate, share } from "../words/numbers";
import { PLACE_SHAPES } from "../words/place";
import { bandsWords, besideBands, budgetWords, objectiveWords } from "../words/standards";

export function StandardsTable({ name, now }: { name: string; now: number }) {
  const asked = useQuery(standards(name));
  return (
    <section aria-labelledby="standards">
      <div className="head">
        <h2 id="standards">Standards</h2>
        {asked.data && (
          <p>
            profile {asked.data.profile} · objective {objectiveWords(asked.data.objective)} above the line
          </p>
        )}
        <p className="r">
          <Link href={standardsPath(name)}>Edit bands</Link>
        </p>
      </div>
      <Part asked={asked} reading="the standards">
        {(answer) => answer && <Classes answer={answer} now={now} />}
      </Part>
    </section>
  );
}

function Classes({ answer, now }: { answer: StandardsAnswer; now: number }) {
  return (
    <>
      {answer.file_error && (
        <p className="note bad" role="alert">
          {answer.file ?? "The file of standards"} cannot be used: {answer.file_error}. The values before it hold.
        </p>
      )}
      <Table
        label="Standards"
        className="stab"
        columns={columns(answer.objective_days, now)}
        rows={answer.classes}
        keyOf={(one) => `class:${one.name}`}
        param="stsort"
        usual={{ by: "configured", down: false }}
        rowClass={(one) => (one.place === "past" ? "bad" : undefined)}
      />
    </>
  );
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

function columns(days: number, now: number): Column<StandardsClass>[] {
  return [
    {
      id: "class",
      head: "Class",
      cell: (one) => (
        <State shape={PLACE_SHAPES[one.place]} label={PLACES[one.place]}>
          <b className="cls">{one.name}</b>
        </State>
      ),
    },
    {
      id: "bands",
      head: "target · acceptable · investigate",
      num: true,
      className: "hp dim",
      cell: bandsWords,
    },
    { id: "scale", head: "p95 on its scale", className: "hp", cell: scaleCell },
    {
      id: "p95",
      head: twoLines("p95 now", "5 min"),
      num: true,
      value: (one) => one.p95_seconds,
      cell: (one) => {
        if (one.p95_seconds === null) return NONE;
        const words = besideBands(one.p95_seconds, one);
        return one.place === "past" ? <b className="p">{words}</b> : words;
      },
    },
    {
      id: "rate",
      head: twoLines("requests", "per min"),
      num: true,
      className: "hp",
      value: (one) => one.requests_per_minute,
      cell: (one) => rate(one.requests_per_minute),
    },
    {
      id: "compliance",
      head: twoLines("compliance", `${days} d`),
      num: true,
      value: (one) => one.compliance,
      cell: (one) => share(one.compliance),
    },
    {
      id: "budget",
      head: twoLines("budget left", `${days} d`),
      num: true,
      value: (one) => one.budget_left,
      cell: (one) => <Budget of={one} now={now} />,
    },
  ];
}

function scaleCell(one: StandardsClass) {
  if (one.p95_seconds === null) {
    const idle = one.idle_seconds === null ? "no data" : `idle ${shortAge(one.idle_seconds)}`;
    return <span className="dim">{idle}</span>;
  }
  const label = `${duration(one.p95_seconds)} of ${duration(one.investigate_seconds)}, ${PLACES[one.place]}`;
  return (
    <ScaleCell
      value={one.p95_seconds}
      limit={one.investigate_seconds}
      ticks={[one.target_seconds, one.acceptable_seconds]}
      shape={PLACE_SHAPES[one.place]}
      label={label}
    />
  );
}

function Budget({ of, now }: { of: StandardsClass; now: number }) {
  const words = budgetWords(of, now);
  if (!words) {
    return (
      <span className="dim" title="not enough data">
        {NONE}
      </span>
    );
  }
  return (
    <>
      {words.overdrawn ? <b className="p">{words.left}</b> : words.left}
      {words.note && <small className="p">{words.note}</small>}
    </>
  );
}
