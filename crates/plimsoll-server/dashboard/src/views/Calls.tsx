// What a service asks of others.
import { useQuery } from "@tanstack/react-query";
import { calls } from "../api/queries";
import type { Call } from "../api/shapes";
import { Part } from "../parts/Part";
import { Share } from "../parts/Share";
import { type Column, Table } from "../parts/Table";
import { useParam } from "../route/location";
import { millis, rate } from "../words/numbers";

export function Calls({ name }: { name: string }) {
  const asked = useQuery(calls(name));
  const [find] = useParam("q");
  return (
    <section aria-labelledby="calls">
      <div className="head">
        <h2 id="calls">Outgoing calls</h2>
        <p>last 5 min</p>
      </div>
      <Part asked={asked} reading="the outgoing calls">
        {(answer) => {
          const all = answer.calls;
          if (all.length === 0) return <p className="note">No outgoing calls seen in the last 5 minutes.</p>;
          const wanted = (find ?? "").toLowerCase();
          const shown = all.filter((one) => `${one.peer} ${one.method}`.toLowerCase().includes(wanted));
          return (
            <Table
              label="Outgoing calls"
              columns={COLUMNS}
              rows={shown}
              keyOf={(one) => `${one.peer} ${one.method} ${one.status ?? ""}`}
              param="csort"
              usual={{ by: "rate", down: true }}
            />
          );
        }}
      </Part>
    </section>
  );
}

function failed(one: Call): number | null {
  return one.total > 0 ? one.errors / one.total : null;
}

const COLUMNS: Column<Call>[] = [
  {
    id: "peer",
    head: "To",
    value: (one) => one.peer,
    cell: (one) => (
      <>
        <span className="meth">{one.method}</span>
        <span className="rt">{one.peer}</span> <span className="dim">{one.status}</span>
      </>
    ),
  },
  { id: "rate", head: "per min", num: true, value: (one) => one.per_minute, cell: (one) => rate(one.per_minute) },
  { id: "errors", head: "errors", num: true, value: failed, cell: (one) => <Share ratio={failed(one)} /> },
  {
    id: "p95",
    head: "p95 ms",
    num: true,
    value: (one) => one.p95_seconds,
    cell: (one) => millis(one.p95_seconds),
  },
];
