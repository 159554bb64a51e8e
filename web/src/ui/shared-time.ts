// The moment under the pointer, shared by charts: each shows where the others point.
import { useSyncExternalStore } from "react";

export interface SharedTime {
  /** ms since 1970 */
  at: number;
  /** Which chart says so. */
  by: string;
}

let shared: SharedTime | null = null;
const listeners = new Set<() => void>();

/** @param at null: the pointer has left; only whoever pointed can say so. */
export function shareTime(by: string, at: number | null): void {
  if (at === null ? shared?.by !== by : shared?.at === at && shared.by === by) return;
  shared = at === null ? null : { at, by };
  for (const listener of listeners) listener();
}

export function useSharedTime(): SharedTime | null {
  return useSyncExternalStore(subscribe, () => shared);
}

/** Without React, for what is drawn at each move of the pointer. */
export function onSharedTime(listener: (time: SharedTime | null) => void): () => void {
  return subscribe(() => listener(shared));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
