// What the server has heard so far, and what it had to refuse.
import { useQuery } from "@tanstack/react-query";
import { refused, stats } from "../api/queries";
import type { RefusedKind } from "../api/shapes";
import { Mark, State } from "../parts/State";
import { hour } from "../words/moments";
import { count, many } from "../words/numbers";

/** Kinds of refusals that are shown: the latest say what to mend. */
const MOST = 5;

export function Heard() {
  const ingest = useQuery(stats()).data?.ingest;
  const kinds = useQuery(refused()).data?.refused ?? [];
  return (
    <>
      <p className="wait" role="status">
        <Mark />
        <span>
          <b>Listening on {window.location.host}.</b>{" "}
          {ingest && `${many(ingest.rows_written, "row")} taken in so far, ${count(ingest.rows_refused)} refused. `}
          OpenTelemetry over HTTP, line protocol and the Plimsoll library come in at this one port.
        </span>
      </p>
      {kinds.length > 0 && (
        <section className="sec" aria-labelledby="refused">
          <div className="head">
            <h2 id="refused">Refused</h2>
            <p>since the start, the latest first</p>
          </div>
          <ul className="refusals">
            {kinds.slice(0, MOST).map((kind) => (
              <Kind key={`${kind.way} ${kind.reason}`} kind={kind} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Kind({ kind }: { kind: RefusedKind }) {
  const who = [kind.service, kind.sender].filter(Boolean).join(", ");
  const seen = Date.parse(kind.last_seen);
  return (
    <li>
      <State shape="w" />
      <div>
        <b>{kind.reason}</b>
        <span className="dim">
          {[
            `${count(kind.count)} times as ${kind.way.replaceAll("_", " ")}`,
            who && `from ${who}`,
            Number.isNaN(seen) ? "" : `last ${hour(seen, Date.now())}`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {kind.example && <code>{kind.example}</code>}
      </div>
    </li>
  );
}
