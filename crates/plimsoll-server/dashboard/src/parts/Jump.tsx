// A link to another part of the same view.
import type { ReactNode } from "react";

/** Shows the first element that one of the selectors finds, with the focus where it takes it; says whether there is one. */
export function jumpTo(...selectors: readonly string[]): boolean {
  for (const selector of selectors) {
    const found = document.querySelector<HTMLElement>(selector);
    if (!found) continue;
    found.scrollIntoView({ block: found.matches("h2") ? "start" : "center" });
    found.focus({ preventScroll: true });
    return true;
  }
  return false;
}

/** The selector of an id, whatever is in it. */
export function byId(id: string): string {
  return `#${CSS.escape(id)}`;
}

export function Jump({ to, className, children }: { to: string; className?: string; children: ReactNode }) {
  return (
    <a
      className={className}
      href={`#${encodeURIComponent(to)}`}
      onClick={(event) => {
        event.preventDefault();
        jumpTo(byId(to));
      }}
    >
      {children}
    </a>
  );
}
