// One float: its mark at its height, the tether to the line, its words, and what hover and focus tell.
import { type CSSProperties, useId } from "react";
import type { FloatGroup } from "../api/judged";
import { Sign } from "../parts/State";
import { floatDetail, floatRest, floatWords } from "../words/load";
import type { One } from "./columns";
import { acrossOf, headroomOf, heightOf, type Scale, shapeOf, usualDash } from "./geometry";

interface Marked {
  one: One;
  group: FloatGroup["name"];
  scale: Scale;
  now: number;
  /** Nothing is known of any float: a question mark says so. */
  unknown: boolean;
  /** Its words wait for hover or focus. */
  quiet: boolean;
  /** How far its words are moved away from it, pixels. */
  lift: number;
  /** In the right part of the drawing: what hover tells opens to the left. */
  late: boolean;
  stop: boolean;
  dismissed: boolean;
  focused: () => void;
  open: () => void;
}

export function FloatMark(marked: Marked) {
  const { one, group, scale, now, unknown, quiet, lift, late, stop, dismissed } = marked;
  const tip = useId();
  const headroom = headroomOf(one.float);
  const usual = one.merged.length > 1 ? null : usualDash(one.float);
  const shape = shapeOf(one.float);
  const { name, value, more } = floatWords(one.float, one.merged);
  const rest = floatRest(one.float, group, one.merged);
  const place = (of: number) => ({ y: `${scale.room + heightOf(of, scale)}px`, x: `${acrossOf(of)}%` });
  const at = headroom === null ? { y: `${scale.room}px`, x: "0%" } : place(headroom);
  const was = usual === null ? null : place(usual);
  const style = {
    "--y": at.y,
    "--x": at.x,
    "--lift": `${lift}px`,
    ...(was && { "--uy": was.y, "--ux": was.x }),
  } as CSSProperties;
  const classes = ["fl", shape.charAt(0), quiet && "quiet", late && "late", dismissed && "dismissed"];
  const below = headroom !== null && headroom < 0;

  return (
    <li className={[...classes, below && "under"].filter(Boolean).join(" ")} style={style}>
      <button
        type="button"
        data-float={one.key}
        tabIndex={stop ? 0 : -1}
        aria-describedby={tip}
        onFocus={marked.focused}
        onPointerEnter={dismissed ? marked.focused : undefined}
        onClick={marked.open}
      >
        <span className="words">
          <span className="nm">{name}</span>
          <span className="vh">, </span>
          <b className="v">
            {unknown ? <Question means={value} /> : value}
            {!unknown && more && <span className="hp">{more}</span>}
          </b>
          {rest && <span className="vh">, {rest}</span>}
        </span>
        <span className="tr">
          <i className="th" />
          {was && <i className="mv" />}
          {was && <i className="us" />}
          {shape !== "n" && <Sign shape={shape} className="m" />}
        </span>
      </button>
      <span className="tip" role="tooltip" id={tip}>
        {floatDetail(one.float, group, now, one.merged)}
      </span>
    </li>
  );
}

function Question({ means }: { means: string }) {
  return (
    <>
      <span aria-hidden="true">?</span>
      <span className="vh">{means}</span>
    </>
  );
}
