// A load line as small as a table's cell: the limit, ticks at the bands before it, the mark at the value.
import type { CSSProperties } from "react";
import { type Shape, Sign } from "./State";

/** Where the limit stands, per cent of the width. */
const LIMIT = 62.5;
/** A mark is never further right. */
const LAST = 98;

/** Where a value stands. */
export function cellPlace(value: number, limit: number): number {
  return limit > 0 ? Math.max(0, Math.min(LAST, (value / limit) * LIMIT)) : LAST;
}

interface Drawn {
  value: number;
  limit: number;
  ticks: readonly number[];
  shape: Shape;
  /** What it shows, for who does not see it. */
  label: string;
}

export function ScaleCell({ value, limit, ticks, shape, label }: Drawn) {
  const at = (of: number) => ({ "--v": `${cellPlace(of, limit)}%` }) as CSSProperties;
  return (
    <span className={`bl ${shape.charAt(0)}`} role="img" aria-label={label} style={at(value)}>
      {[...new Set(ticks)].map((tick) => (
        <u key={tick} style={at(tick)} />
      ))}
      <s />
      <Sign shape={shape} />
    </span>
  );
}
