// States: a shape and a word, the colour only third.
import type { ReactNode } from "react";

/** Open disc: all is in order. Half full: acceptable. Diamond: close. Triangle: past; two: past four times. Dashed disc: no data. */
export type Shape = "t" | "a" | "w" | "p" | "pp" | "n";

const DRAWN: Record<Shape, ReactNode> = {
  t: (
    <>
      <circle cx="13" cy="9" r="5.2" fill="var(--paper)" stroke="currentColor" strokeWidth="1.7" />
      <path d="M2 9H24" stroke="currentColor" strokeWidth="1.7" />
    </>
  ),
  a: (
    <>
      <circle cx="13" cy="9" r="5.2" fill="var(--paper)" stroke="currentColor" strokeWidth="1.7" />
      <path d="M7.8 9a5.2 5.2 0 0 0 10.4 0z" fill="currentColor" />
      <path d="M2 9H24" stroke="currentColor" strokeWidth="1.7" />
    </>
  ),
  w: (
    <>
      <path d="M13 1.5 20.5 9 13 16.5 5.5 9z" fill="currentColor" />
      <path d="M1 9H25" stroke="currentColor" strokeWidth="1.7" />
    </>
  ),
  p: (
    <>
      <path d="M4.5 3.5H21.5L13 17z" fill="currentColor" />
      <path d="M0 9H26" stroke="currentColor" strokeWidth="1.9" />
    </>
  ),
  pp: <path d="M5 1H21L13 9.5z M5 8.5H21L13 17z" fill="currentColor" />,
  n: (
    <circle
      cx="13"
      cy="9"
      r="5.2"
      fill="var(--paper)"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeDasharray="2.2 2"
    />
  ),
};

/** The shape alone, for who sees it; words stand beside it. */
export function Sign({ shape, className }: { shape: Shape; className?: string }) {
  return (
    <svg viewBox="0 0 26 18" aria-hidden="true" className={className}>
      {DRAWN[shape]}
    </svg>
  );
}

export function State({ shape, children, label }: { shape: Shape; children?: ReactNode; label?: string }) {
  return (
    <span className={`st ${shape.charAt(0)}`}>
      {label ? (
        <svg viewBox="0 0 26 18" role="img" aria-label={label}>
          {DRAWN[shape]}
        </svg>
      ) : (
        <Sign shape={shape} />
      )}
      {children}
    </span>
  );
}

/** The disc and the line: Plimsoll's mark. */
export function Mark() {
  return (
    <svg viewBox="0 0 40 28" aria-hidden="true">
      <circle cx="20" cy="14" r="9.2" fill="none" stroke="currentColor" strokeWidth="2.6" />
      <path d="M1 14H39" stroke="currentColor" strokeWidth="2.6" />
    </svg>
  );
}
