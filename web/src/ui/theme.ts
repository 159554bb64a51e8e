// Dark or light: what the system says until the user says otherwise.
import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";
const NAME = "tapedeck-theme";
const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: light)");

function saved(): Theme | null {
  try {
    const value = localStorage.getItem(NAME);
    return value === "dark" || value === "light" ? value : null;
  } catch {
    return null; // storage may be forbidden
  }
}

let chosen = saved();

export function theme(): Theme {
  return chosen ?? (system.matches ? "light" : "dark");
}

function apply(): void {
  document.documentElement.dataset["theme"] = theme();
  for (const listener of listeners) listener();
}

export function toggleTheme(): void {
  chosen = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(NAME, chosen);
  } catch {
    // It then holds until the page is left.
  }
  apply();
}

system.addEventListener("change", apply);
apply();

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    theme,
  );
}

/** A colour of the style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
