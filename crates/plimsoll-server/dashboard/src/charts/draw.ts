// What a chart has beside its lines: hatched gaps, moments, names at the right end.
import type uPlot from "uplot";
import type { Values } from "../api/shapes";
import { shortAge } from "../words/moments";
import { gapSeconds, gapsOf } from "./gaps";
import { FONT, type Ink } from "./ink";
import { apart } from "./scale";

/** A gap is at least so wide, pixels of the page. */
const GAP_WIDTH = 6;
/** A name has room from this width of a gap on. */
const GAP_NAME_WIDTH = 56;
/** A chart of this height has room for words over its lines. */
const HIGH = 150;
const LINE_HEIGHT = 15;

/** Hatches the time in which nothing was heard. Drawn before the lines. */
export function drawGaps(plot: uPlot, line: number, stepSeconds: number, ink: Ink): void {
  const times = plot.data[0];
  const gaps = gapsOf((plot.data[line] ?? []) as Values);
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const gap of gaps) {
    const from = plot.valToPos(times[gap.from - 1] ?? 0, "x", true);
    const to = plot.valToPos(times[gap.to] ?? 0, "x", true);
    const width = Math.max(GAP_WIDTH * ratio, to - from);
    hatch(ctx, from, bbox.top, width, bbox.height, ratio, ink);
    nameGap(plot, from, width, `gap ${shortAge(gapSeconds(gap, stepSeconds))}`, ink);
  }
  ctx.restore();
}

/** Its length stands in a wide gap, or right of a narrow one where the chart is high enough for words that nothing crosses. */
function nameGap({ ctx, bbox }: uPlot, from: number, width: number, words: string, ink: Ink): void {
  const ratio = window.devicePixelRatio;
  const isWide = width > GAP_NAME_WIDTH * ratio;
  if (!isWide && bbox.height < HIGH * ratio) return;
  ctx.font = scaled(ratio);
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  const room = ctx.measureText(words).width + 8 * ratio;
  const middle = isWide ? from + width / 2 : from + width + room / 2;
  ctx.fillStyle = ink("paper");
  ctx.fillRect(middle - room / 2, bbox.top + 2 * ratio, room, 16 * ratio);
  ctx.fillStyle = ink("ink-2");
  ctx.fillText(words, middle, bbox.top + 4 * ratio);
}

function hatch(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  ratio: number,
  ink: Ink,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = ink("ink-3");
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (let x = left - height; x < left + width; x += 6 * ratio) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.moveTo(left, top);
  ctx.lineTo(left, top + height);
  ctx.moveTo(left + width, top);
  ctx.lineTo(left + width, top + height);
  ctx.stroke();
  ctx.restore();
}

/** Cuts through the chart at moments, seconds since the epoch. */
export function drawMoments(plot: uPlot, moments: readonly number[], ink: Ink): void {
  const ratio = window.devicePixelRatio;
  const { ctx, bbox } = plot;
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  ctx.save();
  ctx.strokeStyle = ink("ink-2");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.beginPath();
  for (const moment of moments) {
    if (moment < (min ?? 0) || moment > (max ?? 0)) continue;
    const x = Math.round(plot.valToPos(moment, "x", true)) + 0.5;
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

/** Writes each line's name beside its last value. */
export function drawNames(plot: uPlot, names: readonly (string | null)[], ink: Ink): void {
  const ratio = window.devicePixelRatio;
  const { ctx, bbox } = plot;
  const named = names.flatMap((name, index) => {
    const value = lastOf((plot.data[index + 1] ?? []) as Values);
    return name === null || value === null ? [] : [{ name, y: plot.valToPos(value, "y", true) }];
  });
  const places = apart(
    named.map((one) => one.y),
    LINE_HEIGHT * ratio,
    bbox.top + 6 * ratio,
    bbox.top + bbox.height - 6 * ratio,
  );
  ctx.save();
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.font = scaled(ratio);
  ctx.fillStyle = ink("ink-2");
  named.forEach((one, index) => {
    ctx.fillText(one.name, bbox.left + bbox.width + 8 * ratio, places[index] ?? one.y);
  });
  ctx.restore();
}

function scaled(ratio: number): string {
  return FONT.replace("12px", `${12 * ratio}px`);
}

export function lastOf(values: Values): number | null {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index] ?? null;
    if (value !== null) return value;
  }
  return null;
}
