// Keyboard shortcuts: whoever has one says what it does, and the help sheet lists those there are.
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** As KeyboardEvent.key has it: `?`, `/`, ` `, `ArrowLeft`, `K` (with shift). */
  key: string;
  /** What it does, as the help sheet says it. */
  does: string;
  run: () => void;
}

let shortcuts: readonly Shortcut[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Shortcut[]): void {
  shortcuts = next;
  for (const listener of listeners) listener();
}

/** Not while something is typed, and not with a modifier, which is the browser's. */
function isForUs(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  // The browser closes what is open there, unless somebody else takes the key.
  if (event.key === "Escape" && document.querySelector(":popover-open") !== null) return false;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return true;
  if (target.closest("dialog[open]") !== null) return false;
  if (target.isContentEditable || target.matches("input, select, textarea")) return false;
  return !(event.key === " " && target.matches("button, a, summary"));
}

if (typeof document !== "undefined") {
  document.addEventListener("keydown", (event) => {
    if (!isForUs(event)) return;
    const shortcut = shortcuts.find(({ key }) => key === event.key);
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.run();
  });
}

export function useShortcut(key: string, does: string, run: () => void): void {
  const newest = useRef(run);
  useEffect(() => {
    newest.current = run;
  });
  useEffect(() => {
    const mine: Shortcut = { key, does, run: () => newest.current() };
    change([...shortcuts, mine]);
    return () => change(shortcuts.filter((each) => each !== mine));
  }, [key, does]);
}

export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shortcuts,
  );
}
