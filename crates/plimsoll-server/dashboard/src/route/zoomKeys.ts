// The keys that move and zoom the range, wherever on the view one is.
import { useEffect } from "react";
import { listenToKeys } from "../parts/keys";
import { choose } from "./location";
import { moved, neighbour, type Range, rangeParam, type Zoom, zoomParam } from "./range";

/** `[` `]` shift, `+` `-` zoom, `0` goes back; without a zoom, the range grows and shrinks. */
export function useZoomKeys(range: Range, zoom: Zoom | null) {
  useEffect(() => {
    const now = Date.now();
    const part = zoom ?? { from: now - range.minutes * 60_000, to: now };
    const to = (next: Zoom) => choose({ zoom: zoomParam(next) });
    const press: Record<string, () => void> = {
      "[": () => to(moved(part, { shift: -1 }, now)),
      "]": () => to(moved(part, { shift: 1 }, now)),
      "+": () => to(moved(part, { scale: -1 }, now)),
      "-": () =>
        zoom && zoom.to - zoom.from < range.minutes * 30_000
          ? to(moved(part, { scale: 1 }, now))
          : choose({ zoom: null, range: zoom ? rangeParam(range) : rangeParam(neighbour(range, 1)) }),
      "0": () => choose({ zoom: null }),
    };
    return listenToKeys((key) => {
      press[key]?.();
      return key in press;
    });
  }, [range, zoom]);
}
