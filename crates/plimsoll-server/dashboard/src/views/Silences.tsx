// What is not told now, until when; a silence is ended here, and made here for more than one alert.
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useSilence, useUnsilence } from "../api/changes";
import type { Severity, Silence } from "../api/judged";
import { silences } from "../api/queries";
import { Part, Trouble } from "../parts/Part";
import { SEVERITIES, silencedWhat, untilWords } from "../words/alerts";
import { NONE } from "../words/numbers";
import { SilenceForm } from "./SilenceForm";

export function Silences({ service, now }: { service: string | null; now: number }) {
  const asked = useQuery(silences());
  const [adding, setAdding] = useState(false);
  return (
    <section aria-labelledby="silences">
      <div className="head">
        <h2 id="silences">Silences</h2>
        <p>alerts fire and are shown all the same, nobody is told</p>
        <button type="button" className="btn r" aria-expanded={adding} onClick={() => setAdding((open) => !open)}>
          Silence more than one alert
        </button>
      </div>
      {adding && <Wide service={service} done={() => setAdding(false)} />}
      <Part asked={asked} reading="the silences">
        {(answer) => <List shown={matching(answer?.silences ?? [], service)} now={now} />}
      </Part>
    </section>
  );
}

/** Those of the service, and those that name none. */
function matching(all: readonly Silence[], service: string | null): Silence[] {
  return all.filter((one) => service === null || one.service === null || one.service === service);
}

function List({ shown, now }: { shown: readonly Silence[]; now: number }) {
  const end = useUnsilence();
  if (shown.length === 0) return <p className="note">Nothing is silenced.</p>;
  return (
    <>
      {end.error && end.variables !== undefined && (
        <Trouble error={end.error} again={() => end.mutate(end.variables ?? "")} />
      )}
      <div className="scroll">
        <table aria-label="Silences">
          <thead>
            <tr>
              <th scope="col">Silenced</th>
              <th scope="col">until</th>
              <th scope="col" className="hp">
                reason
              </th>
              <th scope="col">
                <span className="vh">End it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.id}>
                <td>{silencedWhat(one)}</td>
                <td>{untilWords(one, now)}</td>
                <td className="hp dim">{one.reason ?? NONE}</td>
                <td className="num">
                  <button
                    type="button"
                    className="btn"
                    disabled={end.isPending && end.variables === one.id}
                    onClick={() => end.mutate(one.id)}
                  >
                    End<span className="vh"> the silence of {silencedWhat(one)}</span>
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** A silence of a whole service, or of everything, of one severity or all. */
function Wide({ service, done }: { service: string | null; done: () => void }) {
  const id = useId();
  const silence = useSilence();
  const [severity, setSeverity] = useState<Severity | "">("");
  return (
    <div className="wide">
      <span className="choice">
        <label htmlFor={id}>{service === null ? "Everything, of severity" : `All of ${service}, of severity`}</label>
        <select
          id={id}
          className="btn"
          value={severity}
          onChange={(event) =>
            setSeverity((SEVERITIES.find((one) => one === event.target.value) ?? "") as Severity | "")
          }
        >
          <option value="">any</option>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </span>
      <SilenceForm
        label={service === null ? "Silence everything" : `Silence all of ${service}`}
        busy={silence.isPending}
        cancel={done}
        silence={(wish) =>
          silence.mutate(
            { ...wish, ...(service !== null && { service }), ...(severity !== "" && { severity }) },
            { onSuccess: done },
          )
        }
      />
      {silence.error && silence.variables && (
        <Trouble error={silence.error} again={() => silence.variables && silence.mutate(silence.variables)} />
      )}
    </div>
  );
}
