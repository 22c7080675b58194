// Keys that work everywhere on the page.

export interface Key {
  keys: string;
  does: string;
}

/** As the list of keys shows them. */
export const KEYS: readonly Key[] = [
  { keys: "/", does: "find" },
  { keys: "g o", does: "all services" },
  { keys: "g r", does: "routes of this service" },
  { keys: "g q", does: "queries of this service" },
  { keys: "g a", does: "alerts" },
  { keys: "g s", does: "standards" },
  { keys: "g c", does: "connect a service" },
  { keys: "space", does: "live or paused" },
  { keys: "[ ]", does: "shift the range" },
  { keys: "+ −", does: "zoom in, out" },
  { keys: "0", does: "back to the whole range" },
  { keys: "j k", does: "next, previous row" },
  { keys: "Enter", does: "open the row" },
  { keys: "y", does: "copy the fix or the link" },
  { keys: "t", does: "theme" },
  { keys: "?", does: "these keys" },
];

export type Press = (key: string) => boolean;

/** A key that begins another: `g` waits for the next one for so long. */
const WAIT_MS = 1_200;

/** Whether what has the focus wants its keys for itself. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Listens; `press` gets `/`, `g o`, `space`… and says whether it did something. */
export function listenToKeys(press: Press): () => void {
  let begun: { key: string; at: number } | null = null;
  const down = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target)) return;
    const onControl = event.target instanceof HTMLElement && event.target.closest("button, a, summary") !== null;
    const key = event.key === " " ? "space" : event.key;
    if (onControl && (key === "space" || key === "Enter")) return;
    const whole = begun && event.timeStamp - begun.at < WAIT_MS ? `${begun.key} ${key}` : key;
    begun = key === "g" ? { key, at: event.timeStamp } : null;
    if (press(whole)) event.preventDefault();
  };
  document.addEventListener("keydown", down);
  return () => document.removeEventListener("keydown", down);
}
