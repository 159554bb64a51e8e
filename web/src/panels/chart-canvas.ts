// What the charts have in common as components: a canvas whose library is loaded after the first
// paint, the moments drawn over it, and the moment that was clicked.
import { type RefObject, useEffect, useRef, useState } from "react";

import { useApp, useValue } from "../state/app.js";
import { onSharedTime, type SharedTime } from "../ui/shared-time.js";
import { useTheme } from "../ui/theme.js";
import type { TimeLine } from "./chart-draw.js";

interface CanvasView {
  dispose: () => void;
  retheme: () => void;
  showTimes: (times: readonly TimeLine[]) => void;
}

export interface Canvas<View> {
  container: RefObject<HTMLDivElement | null>;
  /** Null: not there yet. */
  view: View | null;
  /** Why it will not be there. */
  error: string | null;
}

/**
 * @param load gives what makes the view, once; the view is made anew with the component.
 * @param handlers the newest given are called.
 */
export function useCanvas<View extends CanvasView, Handlers>(
  load: () => Promise<(container: HTMLElement, handlers: () => Handlers) => View>,
  handlers: Handlers,
): Canvas<View> {
  const container = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View | null>(null);
  const [error, setError] = useState<string | null>(null);
  const newest = useRef(handlers);
  const theme = useTheme();
  useEffect(() => {
    newest.current = handlers;
  });
  useEffect(() => {
    let made: View | undefined;
    let gone = false;
    const begin = async (): Promise<void> => {
      try {
        const make = await load();
        if (gone || container.current === null) return;
        made = make(container.current, () => newest.current);
        setView(made);
      } catch {
        // The server may have another version of the page by now.
        if (!gone) setError("The chart's code could not be loaded; reload the page.");
      }
    };
    void begin();
    return () => {
      gone = true;
      made?.dispose();
      setView(null);
    };
  }, []);
  useEffect(() => view?.retheme(), [view, theme]);
  return { container, view, error };
}

/** The moment the page shows, the one that was clicked, and the one another chart points at. */
export function useShownTimes(view: CanvasView | null, by: string, picked: number | null): void {
  const cursor = useValue("cursor");
  useEffect(() => {
    const line = (at: number | null, kind: TimeLine["kind"]): TimeLine[] =>
      at === null ? [] : [{ at, kind }];
    const show = (other: SharedTime | null): void =>
      view?.showTimes([
        ...line(cursor, "cursor"),
        ...line(picked, "picked"),
        ...line(other === null || other.by === by ? null : other.at, "other"),
      ]);
    show(null);
    return onSharedTime(show);
  }, [view, by, cursor, picked]);
}

export interface Picked {
  at: number | null;
  /** Another moment, or none when it is the same again. */
  pick: (at: number | null) => void;
  /** The whole page goes to the moment. */
  go: (at: number) => void;
}

/** @param what is shown: another, and nothing is picked. */
export function usePicked(what: string): Picked {
  const app = useApp();
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => setAt(null), [what]);
  return {
    at,
    pick: (moment) => setAt(moment === at ? null : moment),
    go: (moment) => {
      setAt(null);
      app.setView({ kind: "at", at: new Date(moment).toISOString() });
    },
  };
}
