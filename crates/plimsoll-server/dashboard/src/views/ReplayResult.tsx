// What would have fired with the edited standards.
import type { Replay } from "../api/judged";
import { nameOfKey } from "../words/alerts";
import { hour } from "../words/moments";
import { count } from "../words/numbers";
import { replayWords } from "../words/standards";

/** `named`: of all services, so that each stands beside what would have fired. */
export function ReplayResult({ replay, named }: { replay: Replay; named: boolean }) {
  const now = Date.now();
  const sorted = [...replay.by_key].sort((a, b) => b.count - a.count);
  return (
    <section className="replay" aria-label="Replay">
      <p role="status">
        <b>{replayWords(replay, now)}</b>
      </p>
      {sorted.length > 0 && (
        <table aria-label="What would have fired">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">severity</th>
              <th scope="col" className="num">
                times
              </th>
              <th scope="col" className="num hp">
                first
              </th>
              <th scope="col" className="num">
                last
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((one) => (
              <tr key={`${one.service} ${one.key} ${one.severity}`}>
                <td>
                  {nameOfKey(one.key)}
                  {named && <span className="dim"> of {one.service}</span>}
                </td>
                <td>{one.severity}</td>
                <td className="num">{count(one.count)}</td>
                <td className="num hp">{hour(Date.parse(one.first), now)}</td>
                <td className="num">{hour(Date.parse(one.last), now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
