// How wide something is, and the window: what CSS alone cannot tell a drawing.
import { type RefObject, useLayoutEffect, useState, useSyncExternalStore } from "react";

/** The width of an element, pixels; 0 before it is drawn. */
export function useWidth(of: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    return () => resized.disconnect();
  }, [of]);
  return width;
}

/** Wider than 992 pixels: the same bound as in the styles. */
const WIDE = "(min-width: 62.01rem)";

function subscribeWide(listener: () => void): () => void {
  const wide = window.matchMedia(WIDE);
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
}

export function useWide(): boolean {
  return useSyncExternalStore(subscribeWide, () => window.matchMedia(WIDE).matches);
}

let context: CanvasRenderingContext2D | null | undefined;

/** The width of words in the page's font, pixels. */
export function wordsWidth(words: string, font: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return words.length * 7;
  context.font = font;
  return context.measureText(words).width;
}
