// Deploys and alerts in lanes of their own over the charts, on the same time axis.
import { type CSSProperties, useRef } from "react";
import type { Alert, Deploy } from "../api/judged";
import { across, isWithin, type Lasting, type Placed, placed } from "../charts/lanes";
import { useWidth, wordsWidth } from "../parts/width";
import type { Zoom } from "../route/range";
import { laneWords } from "../words/alerts";
import { hour } from "../words/moments";
import type { Sentence } from "../words/sentences";
import { revisionWords, versionWords } from "../words/version";

const FONT = '600 12px "Plex Sans", system-ui, sans-serif';

/** Something over the charts, with what is said of it. */
export interface Marked extends Lasting {
  label: Sentence;
  /** The same with its time, for a line of text. */
  told: string;
  /** From when on it fires; null: not yet. */
  fired: number | null;
  kind: "deploy" | Alert["state"];
}

export function deployMarks(deploys: readonly Deploy[], now: number): Marked[] {
  return deploys.map((deploy) => {
    const at = Date.parse(deploy.time);
    const revision = deploy.revision ? ` ${revisionWords(deploy.revision)}` : "";
    const version = versionWords(deploy.version);
    const label = { bold: version, rest: `${revision}, ${hour(at, now)}` };
    return {
      id: `deploy ${deploy.version} ${deploy.time}`,
      from: at,
      to: at,
      fired: null,
      kind: "deploy" as const,
      words: wordsWidth(label.bold + label.rest, FONT),
      label,
      told: `${hour(at, now)} deploy ${version}${revision}`,
    };
  });
}

export function alertMarks(alerts: readonly Alert[], now: number): Marked[] {
  return alerts.map((alert) => {
    const label = laneWords(alert, now);
    const since = Date.parse(alert.since);
    const words = label.bold + label.rest;
    return {
      id: `alert ${alert.id}`,
      from: since,
      to: alert.resolved_at === null ? now : Date.parse(alert.resolved_at),
      fired: alert.fired_at === null ? null : Date.parse(alert.fired_at),
      kind: alert.state,
      words: wordsWidth(words, FONT),
      label,
      told: `${hour(since, now)} ${words}`,
    };
  });
}

export function Lanes({ deploys, alerts, period }: { deploys: Marked[]; alerts: Marked[]; period: Zoom }) {
  const holder = useRef<HTMLDivElement>(null);
  const pixels = useWidth(holder);
  const told = [...deploys, ...alerts].filter((one) => isWithin(one, period)).sort((a, b) => a.from - b.from);
  return (
    <>
      <div className="lanes" ref={holder}>
        <Lane name="deploys" of={deploys} period={period} pixels={pixels} />
        <Lane name="alerts" of={alerts} period={period} pixels={pixels} />
      </div>
      {told.length > 0 && <p className="po told">{told.map((one) => one.told).join(" · ")}</p>}
    </>
  );
}

interface Laid {
  name: string;
  of: readonly Marked[];
  period: Zoom;
  pixels: number;
}

function Lane({ name, of, period, pixels }: Laid) {
  const { placed: shown, rows, left } = placed(of, period, pixels);
  return (
    <div className="lane" style={{ "--rows": rows } as CSSProperties}>
      <span className="yl" id={`lane-${name}`}>
        {name}
      </span>
      <ol aria-labelledby={`lane-${name}`}>
        {shown.map((one) => (
          <li key={one.of.id} style={{ "--row": one.row } as CSSProperties}>
            {one.of.kind === "deploy" ? (
              <i className="flag" style={at(one.left)} />
            ) : (
              <Bar of={one.of} period={period} />
            )}
            <span className={`lab ${one.side}`} style={at(one.side === "r" ? one.left + one.width : one.left)}>
              <b>{one.of.label.bold}</b>
              {one.of.label.rest}
            </span>
          </li>
        ))}
        {left.length > 0 && <li className="vh">{left.map((one) => one.told).join("; ")}</li>}
      </ol>
      {left.length > 0 && <span className="rl">{left.length} more</span>}
    </div>
  );
}

function at(left: Placed<Marked>["left"], width?: number): CSSProperties {
  return { "--x": `${left}%`, ...(width !== undefined && { "--w": `${width}%` }) } as CSSProperties;
}

/** Hollow while it was pending, full from when it fired. */
function Bar({ of, period }: { of: Marked; period: Zoom }) {
  const [from, to] = [across(of.from, period), across(of.to, period)];
  const fired = of.fired === null ? to : across(of.fired, period);
  return (
    <>
      {fired > from && <i className="ev pe" style={at(from, fired - from)} />}
      {to > fired && <i className={of.kind === "resolved" ? "ev was" : "ev fi"} style={at(fired, to - fired)} />}
    </>
  );
}
