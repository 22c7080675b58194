// The columns of the list of services.
import type { SmallLoadLine } from "../api/judged";
import type { Line } from "../api/shapes";
import { MiniLine } from "../load-line/MiniLine";
import { Share } from "../parts/Share";
import { Spark } from "../parts/Spark";
import { State } from "../parts/State";
import type { Column } from "../parts/Table";
import { Link } from "../route/Link";
import { servicePath } from "../route/location";
import { pressingOf, stateWords, whyWords } from "../words/judged";
import { floatsWords } from "../words/load";
import { clock, hour, shortAge } from "../words/moments";
import { duration, NONE, rate } from "../words/numbers";
import { points } from "../words/score";
import { conditionWord, type Known, lastSeen, OWN, particulars, pressing, SHAPES } from "../words/service";

/** What a row shows: what was heard of a service, and how it was judged, if it was. */
export interface Row extends Known {
  line: SmallLoadLine | undefined;
}

/** Columns that every server has the answers for. */
export function columns(at: number): Column<Row>[] {
  const [name, requests, errors, p95, seen, phone] = plainColumns(at);
  return [
    name,
    {
      id: "state",
      head: "State",
      value: pressing,
      cell: (one) => <State shape={SHAPES[one.condition.is]}>{conditionWord(one.condition)}</State>,
    },
    requests,
    errors,
    p95,
    { id: "hour", head: twoLines("p95", "last hour"), className: "hp spk", cell: (one) => <Hour line={one.hour} /> },
    seen,
    phone,
  ];
}

/** Those of a server that judges: state, load line, score and why. */
export function judgedColumns(at: number): Column<Row>[] {
  const [name, requests, errors, p95, seen, phone] = plainColumns(at);
  const hidden = { className: "hp hm" };
  return [
    name,
    {
      id: "state",
      head: "State",
      value: (one) => (one.line ? pressingOf(one.line) : 100 * pressing(one)),
      cell: (one) => {
        if (!one.line) return <State shape={SHAPES[one.condition.is]}>{conditionWord(one.condition)}</State>;
        const { shape, words } = stateWords(one.line);
        return <State shape={shape}>{words}</State>;
      },
    },
    {
      id: "line",
      head: "Load line",
      className: "mln",
      cell: ({ line, service }) =>
        line && line.floats.length > 0 ? (
          <MiniLine floats={line.floats} label={`${service.name}: ${floatsWords(line.floats)}`} />
        ) : (
          <span className="dim">no floats yet</span>
        ),
    },
    {
      id: "score",
      head: "Score",
      num: true,
      value: (one) => one.line?.score ?? null,
      cell: ({ line }) =>
        line?.score == null ? (
          <span className="dim">not enough data</span>
        ) : (
          <span className="sc">{points(line.score)}</span>
        ),
    },
    requests,
    { ...p95, ...hidden },
    { ...errors, ...hidden },
    seen,
    {
      id: "why",
      head: "why",
      className: "hp why",
      cell: ({ line }) => <span className="dim">{line ? whyWords(line) : NONE}</span>,
    },
    phone,
  ];
}

type PlainColumns = [Column<Row>, Column<Row>, Column<Row>, Column<Row>, Column<Row>, Column<Row>];

/** Name, requests, errors, p95, last seen, and on a phone all of it in a line. */
function plainColumns(at: number): PlainColumns {
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
          [
            `${rate(one.now?.requests_per_minute)} requests per min · p95 ${duration(one.now?.p95_seconds)}`,
            one.line && whyWords(one.line),
          ]
            .filter(Boolean)
            .join(" · ")
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
