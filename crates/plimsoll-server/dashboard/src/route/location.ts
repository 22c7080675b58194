// The router: where the page is, and how it goes elsewhere. Everything chosen stands in the URL.
import { useCallback, useMemo, useSyncExternalStore } from "react";

const CHANGED = "plimsoll:location";

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

function here(): string {
  return window.location.pathname + window.location.search;
}

/** Goes to a path of the page. */
export function go(to: string, how: { replace?: boolean } = {}): void {
  if (to === here()) return;
  window.history[how.replace ? "replaceState" : "pushState"](null, "", to);
  window.dispatchEvent(new Event(CHANGED));
}

export interface Place {
  path: string;
  params: URLSearchParams;
}

export function usePlace(): Place {
  const url = useSyncExternalStore(subscribe, here);
  return useMemo(() => {
    const [path = "/", search = ""] = url.split("?", 2);
    return { path, params: new URLSearchParams(search) };
  }, [url]);
}

/** The URL with some parameters changed; null removes one. */
export function withParams(place: string, changes: Record<string, string | null>): string {
  const [path = "/", search = ""] = place.split("?", 2);
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/** Changes parameters of the present URL, without a step in the history. */
export function choose(changes: Record<string, string | null>): void {
  go(withParams(here(), changes), { replace: true });
}

/** One parameter of the URL and how to change it. */
export function useParam(name: string): [string | null, (value: string | null) => void] {
  const { params } = usePlace();
  const set = useCallback((value: string | null) => choose({ [name]: value }), [name]);
  return [params.get(name), set];
}

export type View =
  | { name: "services" }
  | { name: "connect" }
  | { name: "alerts" }
  | { name: "service"; service: string }
  /** `service`: whose values stand beside the bands; null: nobody's. */
  | { name: "standards"; service: string | null }
  | { name: "none" };

/** Which view a path is. */
export function viewOf(path: string): View {
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed === "" || trimmed === "/services") return { name: "services" };
  if (trimmed === "/connect") return { name: "connect" };
  if (trimmed === "/alerts") return { name: "alerts" };
  if (trimmed === "/standards") return { name: "standards", service: null };
  const [, named, isStandards] = /^\/services\/([^/]+)(\/standards)?$/.exec(trimmed) ?? [];
  if (named === undefined) return { name: "none" };
  try {
    return { name: isStandards ? "standards" : "service", service: decodeURIComponent(named) };
  } catch {
    return { name: "none" };
  }
}

export function servicePath(service: string): string {
  return `/services/${encodeURIComponent(service)}`;
}

export function standardsPath(service: string | null): string {
  return service === null ? "/standards" : `${servicePath(service)}/standards`;
}

/** Alerts of one service, or of all. */
export function alertsPath(service: string | null): string {
  return withParams("/alerts", { service });
}

/** The service that a view is about; null: none. */
export function serviceOf(view: View): string | null {
  return view.name === "service" || view.name === "standards" ? view.service : null;
}
