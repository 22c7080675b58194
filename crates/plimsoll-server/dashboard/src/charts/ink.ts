// Colours of the tokens for a canvas, which knows no custom properties: read from an element that has them.

export type Token =
  | "ink"
  | "ink-2"
  | "ink-3"
  | "paper"
  | "rule"
  | "edge"
  | "line"
  | "data"
  | "band-1"
  | "band-2"
  | "past";

export type Ink = (token: Token) => string;

/** Reads the computed colours at an element of the page. */
export function inkAt(probe: HTMLElement): Ink {
  const known = new Map<Token, string>();
  return (token) => {
    let colour = known.get(token);
    if (colour === undefined) {
      probe.style.color = `var(--${token})`;
      colour = window.getComputedStyle(probe).color;
      known.set(token, colour);
    }
    return colour;
  };
}

export const FONT = '12px "Plex Sans", system-ui, sans-serif';
