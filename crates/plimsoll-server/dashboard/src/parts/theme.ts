// Light, dark, or as the system has it.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "plimsoll:theme";
const CHANGED = "plimsoll:theme";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function themeOf(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "system";
}

function stored(): Theme {
  const forced = new URLSearchParams(window.location.search).get("theme");
  try {
    return themeOf(forced ?? window.localStorage.getItem(KEY));
  } catch {
    return themeOf(forced);
  }
}

let theme: Theme = "system";

/** Puts the theme that was chosen on the document; called before anything is drawn. */
export function startTheme(): void {
  theme = stored();
  applyTheme();
}

function applyTheme(): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

export function nextTheme(): void {
  theme = NEXT[theme];
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // Private windows may refuse: it holds until the page is left.
  }
  applyTheme();
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener(CHANGED, listener);
  system.addEventListener("change", listener);
  return () => {
    window.removeEventListener(CHANGED, listener);
    system.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}

/** Whether it is dark now: charts draw anew when that changes. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () =>
    theme === "system" ? window.matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark",
  );
}
