// Which words of the drawing have room, measured in the page's font.
import { type RefObject, useEffect, useMemo, useState } from "react";
import { useWide, useWidth, wordsWidth } from "../parts/width";
import { floatWords } from "../words/load";
import { type Columns, columnWidth, middles, NARROW } from "./columns";
import { headroomOf, heightOf, isCalm, type Scale } from "./geometry";
import { type Label, lifts, lowestWords } from "./labels";

const FAMILY = '"Plex Sans", system-ui, sans-serif';
const FONTS = { calm: `400 12px ${FAMILY}`, close: `600 12px ${FAMILY}`, past: `600 13px ${FAMILY}` };

interface Labelled {
  /** Whose words wait for hover or focus. */
  quiet: readonly boolean[];
  /** How far words are moved away from their mark, pixels. */
  lift: readonly number[];
  /** The lowest edge of all words, pixels. */
  lowest: number;
}

export function useLabels(
  columns: readonly Columns[],
  holder: RefObject<HTMLElement | null>,
  scale: Scale,
  off: boolean,
): Labelled {
  const width = useWidth(holder);
  const wide = useWide();
  const [fonts, fontsCame] = useState(false);
  useEffect(() => {
    void document.fonts.ready.then(() => fontsCame(true));
  }, []);
  const told = JSON.stringify(columns.map(({ ones }) => ones.map((one) => [one.float, one.merged.length])));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `told` stands for the columns, which are new with each answer
  return useMemo(() => {
    const ones = columns.flatMap((group) => group.ones);
    if (!wide || width === 0) return { quiet: [], lift: [], lowest: 0 };
    const narrow = columnWidth(columns, width) < NARROW;
    const xs = middles(columns, width);
    const y = (headroom: number | null) => scale.room + (headroom === null ? 0 : heightOf(headroom, scale));
    const labels = ones.map(({ float, merged }, at): Label | null => {
      const calm = isCalm(float);
      if (narrow && calm && merged.length === 1) return null;
      const words = floatWords(float, merged);
      const font = float.place === "past" ? FONTS.past : float.place === "close" ? FONTS.close : FONTS.calm;
      const value = off ? "?" : words.value + words.more;
      const headroom = headroomOf(float);
      return {
        x: xs[at] ?? 0,
        y: y(headroom),
        width: Math.max(wordsWidth(words.name, font), wordsWidth(value, font)),
        where: headroom === null ? "top" : headroom < 0 ? "under" : "over",
        calm: calm || float.place === "unknown",
      };
    });
    const marks = ones.flatMap(({ float }, at) => {
      const headroom = headroomOf(float);
      return headroom === null ? [] : [{ x: xs[at] ?? 0, y: y(headroom) }];
    });
    const lifted = lifts(labels, marks);
    return {
      quiet: lifted.map((lift) => lift === null),
      lift: lifted.map((lift) => lift ?? 0),
      lowest: lowestWords(labels, lifted),
    };
  }, [told, width, wide, off, scale, fonts]);
}
