// The database queries of a service, by what they cost together.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { databaseQueries } from "../api/queries";
import type { DatabaseQuery } from "../api/shapes";
import { Part } from "../parts/Part";
import { type Column, Table } from "../parts/Table";
import { useParam } from "../route/location";
import { millis, rate, share } from "../words/numbers";

export function Queries({ name }: { name: string }) {
  const asked = useQuery(databaseQueries(name));
  const [find] = useParam("q");
  const [opened, setOpened] = useState<string | null>(null);
  return (
    <section aria-labelledby="queries">
      <div className="head">
        <h2 id="queries">Queries</h2>
        <p>last 5 min, share of the time in the database</p>
      </div>
      <Part asked={asked} reading="the queries">
        {(answer) => {
          const all = answer.queries;
          const wanted = (find ?? "").toLowerCase();
          const shown = all.filter((one) => `${one.statement} ${one.route ?? ""}`.toLowerCase().includes(wanted));
          if (all.length === 0) return <p className="note">No queries seen in the last 5 minutes.</p>;
          return (
            <>
              <Table
                label="Queries"
                columns={COLUMNS}
                rows={shown}
                keyOf={keyOf}
                param="qsort"
                usual={{ by: "share", down: true }}
                open={(one) => setOpened((before) => (before === keyOf(one) ? null : keyOf(one)))}
                expanded={(one) => opened === keyOf(one)}
              />
              {shown.length === 0 && <p className="more">No query contains “{find}”.</p>}
            </>
          );
        }}
      </Part>
    </section>
  );
}

function keyOf(one: DatabaseQuery): string {
  return [one.db_system, one.db_name, one.method, one.route, one.statement].join(" ");
}

const COLUMNS: Column<DatabaseQuery>[] = [
  {
    id: "statement",
    head: "Statement",
    value: (one) => one.statement,
    cell: (one) => (
      <>
        <span className="stm" title={one.statement}>
          {one.statement}
        </span>
        <span className="dim">
          {[one.db_system, one.method && one.route && `${one.method} ${one.route}`].filter(Boolean).join(" · ")}
        </span>
      </>
    ),
  },
  { id: "rate", head: "per min", num: true, value: (one) => one.per_minute, cell: (one) => rate(one.per_minute) },
  {
    id: "p95",
    head: "p95 ms",
    num: true,
    value: (one) => one.p95_seconds,
    cell: (one) => millis(one.p95_seconds),
  },
  {
    id: "share",
    head: "share",
    num: true,
    value: (one) => one.share,
    cell: (one) => <b>{share(one.share)}</b>,
  },
];
