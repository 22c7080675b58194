// The load line: each thing that has a limit floats at its headroom over one line.
import "../style/load-line.css";
import { type CSSProperties, type KeyboardEvent, type RefObject, useRef, useState } from "react";
import type { Float, FloatGroup } from "../api/judged";
import { Mark, State } from "../parts/State";
import { useWide } from "../parts/width";
import { noDataWords } from "../words/load";
import { type Columns, columnsOf } from "./columns";
import { FloatMark } from "./FloatMark";
import { DEEP_FOOT, deepest, MULTIPLE_FROM, type Scale, TALL, ticks } from "./geometry";
import { useLabels } from "./useLabels";

interface Drawn {
  /** Undefined while they are read. */
  groups: readonly FloatGroup[] | undefined;
  /** The length of time that is judged. */
  minutes: number;
  now: number;
  /** The service's last sign, epoch milliseconds: since when nothing is known, if so. */
  lastSeen: number | null;
  scale?: Scale;
  /** Where a float leads. */
  open: (float: Float, group: FloatGroup["name"]) => void;
}

const LEGEND = [
  ["t", "in target"],
  ["a", "acceptable"],
  ["w", "close to the line"],
  ["p", "past the line"],
  ["n", "no data"],
] as const;

export function LoadLine({ groups, minutes, now, lastSeen, scale = TALL, open }: Drawn) {
  const wide = useWide();
  const columns = columnsOf(groups ?? [], wide);
  const floats = columns.flatMap(({ ones }) => ones.map((one) => one.float));
  const off = floats.every((float) => float.place === "unknown");
  const holder = useRef<HTMLDivElement>(null);
  const { quiet, lift, lowest } = useLabels(columns, holder, scale, off);
  const foot = Math.max(
    deepest(floats) >= MULTIPLE_FROM ? DEEP_FOOT : scale.foot,
    Math.ceil(lowest - scale.room - scale.sky - scale.ground),
  );
  const style = {
    "--room": `${scale.room}px`,
    "--sky": `${scale.sky}px`,
    "--ground": `${scale.ground}px`,
    "--foot": `${foot}px`,
  } as CSSProperties;
  const unusual = floats.some((float) => float.usual_headroom !== null);

  return (
    <section className={off ? "ll off" : "ll"} style={style} aria-labelledby="load-line">
      <div className="wrap head">
        <h2 id="load-line">Load line</h2>
        <p>
          The line is the limit. <span className="up">Height over the water</span>
          <span className="side">Distance left of it</span> is headroom, last {minutes} min
          {unusual && "; dotted: usual"}
        </p>
        <ul className="leg r">
          {LEGEND.map(([shape, words]) => (
            <li key={shape}>
              <State shape={shape}>{words}</State>
            </li>
          ))}
        </ul>
      </div>
      <div className="sea">
        <div className="wrap">
          <div className="scale" aria-hidden="true">
            {ticks(scale).map(({ words, y }) => (
              <span key={words} style={{ "--k": `${y}px` } as CSSProperties}>
                {words}
              </span>
            ))}
            <Mark />
          </div>
          <Groups columns={columns} holder={holder} {...{ quiet, lift, scale, now, off, open }} />
        </div>
        {groups && off && <Nothing lastSeen={lastSeen} now={now} none={floats.length === 0} />}
      </div>
    </section>
  );
}

interface Grouped {
  columns: readonly Columns[];
  holder: RefObject<HTMLDivElement | null>;
  quiet: readonly boolean[];
  lift: readonly number[];
  scale: Scale;
  now: number;
  off: boolean;
  open: Drawn["open"];
}

/** All floats are one tab stop; arrows, Home and End move inside. */
function Groups({ columns, holder, quiet, lift, scale, now, off, open }: Grouped) {
  const [stop, setStop] = useState<string | null>(null);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const keys = columns.flatMap(({ ones }) => ones.map((one) => one.key));
  const at = Math.max(0, stop === null ? 0 : keys.indexOf(stop));

  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step ? at + step : event.key === "Home" ? 0 : event.key === "End" ? keys.length - 1 : null;
    if (event.key === "Escape") setDismissed(keys[at] ?? null);
    if (next === null || next < 0 || next >= keys.length) return;
    event.preventDefault();
    holder.current?.querySelectorAll<HTMLElement>("[data-float]")[next]?.focus();
  };

  let index = 0;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the floats inside
    <div className="groups" ref={holder} onKeyDown={move}>
      {columns.map(({ group, ones }) => (
        <section key={group.name} className="grp" style={{ "--n": ones.length } as CSSProperties}>
          <h3 id={`floats-${group.name}`}>
            <b>{group.label}</b> {group.against}
          </h3>
          <ol aria-labelledby={`floats-${group.name}`}>
            {ones.map((one) => {
              const place = index;
              index += 1;
              return (
                <FloatMark
                  key={one.key}
                  one={one}
                  group={group.name}
                  scale={scale}
                  now={now}
                  unknown={off}
                  quiet={quiet[place] ?? false}
                  lift={lift[place] ?? 0}
                  late={place >= keys.length * 0.7}
                  stop={place === at}
                  dismissed={dismissed === one.key}
                  focused={() => {
                    setStop(one.key);
                    setDismissed(null);
                  }}
                  open={() => open(one.float, group.name)}
                />
              );
            })}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Nothing({ lastSeen, now, none }: { lastSeen: number | null; now: number; none: boolean }) {
  const { bold, rest } = noDataWords(none ? null : lastSeen, now);
  return (
    <p className="nothing">
      <b>{bold}</b> {rest}
    </p>
  );
}
