// The load line of a list's row: shapes of what is close and past only.
import type { SmallFloat } from "../api/judged";
import { depth, headroomOf } from "./geometry";

const WIDTH = 224;
const HEIGHT = 60;
const LINE = 42;
const SKY = 36;
const GROUND = 12;
const MARGIN = 8;

interface Drawn {
  floats: readonly SmallFloat[];
  /** What it shows, for who does not see it. */
  label: string;
}

export function MiniLine({ floats, label }: Drawn) {
  const off = floats.every((float) => float.place === "unknown");
  return (
    <svg className="mini" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path d={`M0 ${LINE}H${WIDTH}V${HEIGHT}H0z`} className="water" />
      <path d={`M0 ${LINE}H${WIDTH}`} className={off ? "line off" : "line"} />
      {floats.map((float, at) => (
        <Small key={float.id} float={float} x={xOf(at, floats.length)} />
      ))}
    </svg>
  );
}

/** The middle of a column. */
export function xOf(at: number, count: number): number {
  return round(MARGIN + (at + 0.5) * ((WIDTH - 2 * MARGIN) / count));
}

/** The height of a mark; what is past is seen to be under the line, however little it is. */
export function yOf(headroom: number): number {
  if (headroom >= 0) return round(LINE - SKY * Math.min(1, headroom));
  return round(LINE + Math.max(2, GROUND * depth(1 - headroom)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function Small({ float, x }: { float: SmallFloat; x: number }) {
  const headroom = headroomOf(float);
  if (headroom === null) return <path d={`M${x} 4V${LINE}`} className="n dashed" />;
  const y = yOf(headroom);
  if (float.place === "past") {
    return (
      <g className="p">
        <path d={`M${x} ${LINE}V${y}`} className="tether" />
        <path d={`M${round(x - 6)} ${round(y - 4)}h12l-6 10z`} className="full" />
      </g>
    );
  }
  const isClose = float.place === "close";
  return (
    <g className={isClose ? "w" : float.place === "acceptable" ? "a" : "t"}>
      <path d={`M${x} ${LINE}V${y}`} className="tether" />
      {isClose ? (
        <path d={`M${x} ${round(y - 4)}l4 4-4 4-4-4z`} className="full" />
      ) : (
        <path d={`M${round(x - 4)} ${y}h8`} className="bar" />
      )}
    </g>
  );
}
