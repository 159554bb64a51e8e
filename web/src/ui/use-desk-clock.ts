// Whose clock the live desk goes by; in the past it is the cursor's, which is as it should be.
import { useRef } from "react";

import { type ClockWatch, clockOf, type DeskClock, watchClock } from "../model/desk-clock.js";
import { useValue } from "../state/app.js";
import { useNow } from "./use-now.js";

export function useDeskClock(): DeskClock {
  const live = useValue("shown").view.kind === "live";
  const deskTime = useValue("deskTime");
  const now = useNow(1000);
  const watch = useRef<ClockWatch | null>(null);
  watch.current = watchClock(watch.current, live ? deskTime : null, Date.now());
  return clockOf(watch.current, now);
}
