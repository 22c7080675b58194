// The one chart: uPlot with the page's time axis, colours, gaps, cursor and names at the right end.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useDark } from "../parts/theme";
import type { Zoom } from "../route/range";
import { drawGaps, drawMoments, drawNames } from "./draw";
import { FONT, type Ink, inkAt } from "./ink";

export interface Drawn {
  /** Seconds since the epoch, then one list of values for each line. */
  data: uPlot.AlignedData;
  lines: (ink: Ink) => uPlot.Series[];
  bands?: (ink: Ink) => uPlot.Band[];
  scale: { log?: boolean; range: [number, number]; ticks: number[]; words: (value: number) => string };
  /** What stands at the right end of each line; null: nothing. */
  names: (string | null)[];
  /** Which line's missing values are gaps. */
  gapsOf: number;
  height: number;
  /** Whether times stand below: the lowest chart of a stack. */
  times?: boolean;
}

interface Shown extends Drawn {
  /** What it shows, in a sentence. */
  label: string;
  stepSeconds: number;
  period: Zoom;
  /** What cuts through all charts, seconds since the epoch. */
  moments: readonly number[];
  /** A part was dragged out; null: back to all. */
  onZoom: (zoom: Zoom | null) => void;
  /** The cursor is at a step, or at none. */
  onCursor: (index: number | null) => void;
}

/** Charts with this key share their cursor. */
const SYNC = "plimsoll";
/** What stands left and right of the time axis, pixels: lanes above it leave the same. */
const LEFT = 56;
const RIGHT = 92;

export function Chart(shown: Shown) {
  const { label, height, data, period, moments } = shown;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(shown);
  latest.current = shown;
  const dark = useDark();
  // A chart is made anew when what cannot be changed changes: its lines, its height, the theme.
  const shape = `${data.length} ${height} ${shown.times ?? false} ${shown.scale.log ?? false} ${dark}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for what needs another chart
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const made = make(element, latest);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    // The names are drawn in the page's font, which may come later than the data.
    void document.fonts.ready.then(() => made.redraw());
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scale's words do not matter here
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      plot.current?.setScale("x", { min: period.from / 1000, max: period.to / 1000 });
      const [min, max] = latest.current.scale.range;
      plot.current?.setScale("y", { min, max });
    });
  }, [data, period.from, period.to, moments, shape]);

  return <div className="plot" ref={holder} role="img" aria-label={label} />;
}

function make(element: HTMLElement, latest: { current: Shown }): uPlot {
  const { lines, bands, scale, height, times, data, period } = latest.current;
  const probe = document.createElement("span");
  probe.className = "ink";
  element.append(probe);
  const ink = inkAt(probe);
  const axis = { font: FONT, stroke: ink("ink-3"), ticks: { show: false } };
  const options: uPlot.Options = {
    width: element.clientWidth,
    height,
    padding: [8, RIGHT, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, auto: false, range: () => [latest.current.period.from / 1000, latest.current.period.to / 1000] },
      y: { auto: false, distr: scale.log ? 3 : 1, range: () => latest.current.scale.range },
    },
    axes: [
      {
        ...axis,
        size: times ? 28 : 8,
        gap: 6,
        space: 90,
        grid: { show: false },
        border: { show: true, stroke: ink("edge"), width: 1 },
        values: times ? timeWords : (_, splits) => splits.map(() => ""),
      },
      {
        ...axis,
        size: LEFT,
        gap: 8,
        grid: { stroke: ink("rule"), width: 1 },
        splits: () => latest.current.scale.ticks,
        values: (_, splits) => splits.map((value) => latest.current.scale.words(value)),
        filter: (_, splits) => splits,
      },
    ],
    series: [{}, ...lines(ink)],
    bands: bands?.(ink) ?? [],
    cursor: {
      sync: { key: SYNC, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6, fill: ink("paper") },
      bind: {
        dblclick: () => () => {
          latest.current.onZoom(null);
          return null;
        },
      },
    },
    hooks: {
      drawClear: [(plot) => drawGaps(plot, latest.current.gapsOf, latest.current.stepSeconds, ink)],
      draw: [
        (plot) => drawMoments(plot, latest.current.moments, ink),
        (plot) => drawNames(plot, latest.current.names, ink),
      ],
      setCursor: [(plot) => latest.current.onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          // Synchronised charts are told of a selection as well; the one that has the pointer says it.
          if (width < 4 || (plot.cursor.event as MouseEvent | undefined)?.type !== "mouseup") return;
          const [from, to] = [plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom({ from, to });
        },
      ],
    },
  };
  const made = new uPlot(options, data, element);
  made.setScale("x", { min: period.from / 1000, max: period.to / 1000 });
  return made;
}

/** 14:32, and the day where one begins. */
function timeWords(plot: uPlot, splits: number[]): string[] {
  const [first = 0, second = first + 1] = splits;
  const seconds = second - first < 60;
  const days = (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0) > 2 * 86_400;
  return splits.map((split) => {
    const at = new Date(split * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    if (days || midnight) {
      const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
      return midnight ? day : `${day} ${at.toTimeString().slice(0, 5)}`;
    }
    return at.toTimeString().slice(0, seconds ? 8 : 5);
  });
}
