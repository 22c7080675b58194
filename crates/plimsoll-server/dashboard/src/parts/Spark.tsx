// A small line in a table's cell: no axis, gaps not joined.
import type { Values } from "../api/shapes";
import { sparkPaths } from "../charts/spark";

const WIDTH = 112;
const HEIGHT = 22;

interface Drawn {
  values: Values;
  /** The usual value and how far around it is usual. */
  usual?: number | null;
  /** Where something cuts through it, shares of its width. */
  cuts?: readonly number[];
  /** What it shows, for who does not see it. */
  label: string;
}

export function Spark({ values, usual, cuts = [], label }: Drawn) {
  const { lines, dots, band } = sparkPaths(values, usual ?? null, WIDTH, HEIGHT);
  return (
    <svg className="sp" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {band && <rect x="0" width={WIDTH} y={band.y} height={band.height} />}
      {cuts.map((cut) => (
        <path key={cut} className="cut" d={`M${Math.round(cut * WIDTH)} 0V${HEIGHT}`} />
      ))}
      {lines.map((line) => (
        <path key={line} d={line} />
      ))}
      {dots.map((dot) => (
        <circle key={`${dot.x}`} cx={dot.x} cy={dot.y} r="1.4" />
      ))}
    </svg>
  );
}
