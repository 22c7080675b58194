// Which build of the page the server has. When it is another one than this, the page offers to load anew.

type Listener = () => void;

const listeners = new Set<Listener>();
let another = false;

/** The build that this page is. */
function ownBuild(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="plimsoll-page"]')?.content ?? "";
}

/** Whether an answer that names `told` comes from a server with another page; a server that names none has none. */
export function isAnother(own: string, told: string | null): boolean {
  return own !== "" && told !== null && told !== "" && told !== own;
}

/** An answer named its build. */
export function heardBuild(told: string | null): void {
  const now = isAnother(ownBuild(), told);
  if (told === null || now === another) return;
  another = now;
  for (const listener of listeners) listener();
}

export function subscribeBuild(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isOutdated(): boolean {
  return another;
}

const RELOADED = "plimsoll:reloaded";

/** A part of the page is gone from the server, as after an update: load anew, once. */
export function reloadOnce(storage: Storage, now: number, reload: () => void): boolean {
  const before = Number(storage.getItem(RELOADED) ?? 0);
  if (now - before < 60_000) return false;
  storage.setItem(RELOADED, String(now));
  reload();
  return true;
}
