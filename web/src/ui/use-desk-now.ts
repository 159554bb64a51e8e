// The moment the page shows: now, or where a look into the past stands. In a simulation or a replay
// "now" is the desk's own clock.
import { useValue } from "../state/app.js";
import { useNow } from "./use-now.js";

/** Beyond this the desk's clock is not ours: a simulation, a replay, last week's data. */
const SAME_CLOCK_MS = 60_000;

export function useDeskNow(): number {
  const cursor = useValue("cursor");
  const deskTime = useValue("deskTime");
  const now = useNow(1000);
  if (cursor !== null) return cursor;
  return deskTime === null || Math.abs(now - deskTime) < SAME_CLOCK_MS ? now : deskTime;
}
