// How the server itself is, check by check.
import { useQuery } from "@tanstack/react-query";
import { health } from "../api/queries";
import type { HealthCheck } from "../api/shapes";
import { Part } from "../parts/Part";
import { type Shape, State } from "../parts/State";
import { NONE, rate } from "../words/numbers";

const SHAPES: Record<string, Shape> = { healthy: "t", degraded: "w", unhealthy: "p" };

export function HealthChecks() {
  const asked = useQuery(health());
  return (
    <section aria-labelledby="health">
      <div className="head">
        <h2 id="health">Health checks</h2>
        <p>now</p>
      </div>
      <Part asked={asked} reading="the health checks">
        {(report) => (
          <div className="scroll">
            <table aria-label="Health checks">
              <thead>
                <tr>
                  <th scope="col">Check</th>
                  <th scope="col">State</th>
                  <th scope="col" className="num">
                    took ms
                  </th>
                  <th scope="col">why</th>
                </tr>
              </thead>
              <tbody>
                {Object.entries(report.checks ?? {}).map(([name, check]) => (
                  <tr key={name}>
                    <td>
                      {name.replaceAll("_", " ")}
                      {check.critical && <span className="dim"> critical</span>}
                    </td>
                    <td>
                      <State shape={SHAPES[check.status] ?? "n"}>{check.status.replaceAll("_", " ")}</State>
                    </td>
                    <td className="num">{rate(check.duration_ms)}</td>
                    <td>{why(check)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Part>
    </section>
  );
}

function why(check: HealthCheck): string {
  return check.message ?? NONE;
}
