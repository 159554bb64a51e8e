// Where in time the page stands: live, a moment of the past, or a play-back of it.
import "../styles/time-bar.css";

import { type ReactNode, useEffect, useMemo, useRef } from "react";

import type { View } from "../feed/protocol.js";
import { istDate, istMoment, istTime, startOfIstDay } from "../format.js";
import {
  clampTo,
  DAY_MS,
  dayChosen,
  dayRange,
  type DayRange,
  type Mark,
  marksOf,
  MINUTE_MS,
  playFrom,
  standAt,
} from "../model/day-range.js";
import { useApp, useValue } from "../state/app.js";
import { SPEEDS } from "../state/location.js";
import { useShortcut } from "../ui/shortcuts.js";
import { useAsked } from "../ui/use-asked.js";
import { useDeskClock } from "../ui/use-desk-clock.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { useVeil } from "../ui/veil.js";
import { CopyLink, FocusChips } from "./time-bar-chips.js";
import { Scrubber } from "./time-bar-scrubber.js";

const ASK_EVERY_MS = 30_000;

export function TimeBar(): ReactNode {
  const time = useTime();
  const { view, at, range, marks } = time;
  return (
    <footer
      className={view.kind === "live" ? "time-bar" : "time-bar past"}
      data-panel="time-bar"
      aria-label="Time"
    >
      <Transport time={time} />
      <label className="time-day">
        <span className="visually-hidden">Day</span>
        <input
          type="date"
          value={istDate(at)}
          data-testid="day"
          onChange={(event) => {
            const chosen = dayChosen(event.target.value, time.newest);
            if (chosen !== null) time.move(chosen);
          }}
        />
      </label>
      <Scrubber
        range={range}
        marks={marks}
        at={at}
        live={view.kind === "live"}
        onMove={time.move}
      />
      <Cursor view={view} at={at} />
      <FocusChips />
      <CopyLink />
    </footer>
  );
}

interface Time {
  view: View;
  /** The moment shown. */
  at: number;
  /** The newest moment there is, as far as this page knows. */
  newest: number | null;
  range: DayRange;
  marks: readonly Mark[];
  speed: number;
  goLive: () => void;
  /** Stands still at a moment. Back leads to what was live, not to each moment. */
  move: (at: number) => void;
  step: (ms: number) => void;
  toggle: () => void;
  setSpeed: (speed: number) => void;
}

function useTime(): Time {
  const app = useApp();
  const { view } = useValue("shown");
  const at = useDeskNow();
  const live = view.kind === "live";
  const newest = useNewest(at, live);
  const marks = useMarks(at);
  const range = dayRange(at, marks, newest);
  const speedChosen = useRef(1);
  if (view.kind === "play") speedChosen.current = view.speed;
  const go = (next: View, push = false): void => app.show({ view: next }, push);
  const move = (to: number): void => {
    // A day of its own has its own range, which is not known yet.
    const here = istDate(to) === istDate(range.from);
    go(standAt(here ? clampTo(range, to, newest) : to), live);
  };
  useEndOfPlay(at);
  return {
    view,
    at,
    newest,
    range,
    marks,
    speed: speedChosen.current,
    goLive: () => go({ kind: "live" }, true),
    move,
    step: (ms) => move(at + ms),
    toggle: () => {
      if (view.kind === "play") go(standAt(at));
      else go(playFrom(live ? range.from : at, range, speedChosen.current), true);
    },
    setSpeed: (speed) => {
      speedChosen.current = speed;
      if (view.kind === "play") go(playFrom(at, range, speed));
    },
  };
}

/** What is over stands still where it ended. */
function useEndOfPlay(at: number): void {
  const app = useApp();
  const { view } = useValue("shown");
  const { state, error } = useValue("connection");
  const over = view.kind === "play" && state === "closed" && error === null;
  useEffect(() => {
    // Events have microseconds, the cursor does not: the last of them is to be seen.
    if (over) app.show({ view: standAt(at + 1) }, false);
  }, [app, over, at]);
}

/** The newest moment that was seen live; the desk's clock is not told while the past is shown. */
function useNewest(at: number, live: boolean): number | null {
  const newest = useRef<number | null>(null);
  const known = useValue("deskTime") !== null;
  if (live && known) newest.current = at;
  return newest.current;
}

/** Where in the day something happened. */
function useMarks(at: number): readonly Mark[] {
  const app = useApp();
  const midnight = startOfIstDay(at);
  const tick = Math.floor(useNow(1000) / ASK_EVERY_MS);
  const refresh = useValue("refresh");
  const { answer } = useAsked(
    (signal) =>
      app.client.aggregates(
        {
          group_by: "type",
          interval: "5m",
          since: new Date(midnight),
          until: new Date(midnight + DAY_MS - 1),
        },
        { signal },
      ),
    [midnight],
    `${tick} ${refresh}`,
    5000,
  );
  return useMemo(() => marksOf(answer?.buckets ?? []), [answer]);
}

function Transport({ time }: { time: Time }): ReactNode {
  const { view, speed, step, toggle, setSpeed, goLive } = time;
  const live = view.kind === "live";
  const playing = view.kind === "play";
  const down = useVeil() !== null;
  const faster = (by: number): void => {
    const next = SPEEDS[SPEEDS.findIndex((known) => known >= speed) + by];
    if (next !== undefined) setSpeed(next);
  };
  useShortcut("l", "Live", goLive);
  useShortcut(" ", "Play or pause the past", toggle);
  useShortcut(",", "A minute back", () => step(-MINUTE_MS));
  useShortcut(".", "A minute forward", () => step(MINUTE_MS));
  useShortcut("<", "Play slower", () => faster(-1));
  useShortcut(">", "Play faster", () => faster(1));
  return (
    <div className="transport" role="group" aria-label="Play-back">
      <button
        type="button"
        className={down ? "live-button down" : "live-button"}
        aria-pressed={live}
        title="Live (l)"
        data-testid="live"
        onClick={goLive}
      >
        <span aria-hidden="true">●</span> Live
      </button>
      <button
        type="button"
        aria-label="A minute back"
        title="A minute back (,)"
        data-testid="back"
        onClick={() => step(-MINUTE_MS)}
      >
        ◂
      </button>
      <button
        type="button"
        className="play-button"
        aria-label={playing ? "Pause" : live ? "Play the day" : "Play"}
        title={playing ? "Pause (space)" : live ? "Play the day (space)" : "Play (space)"}
        data-testid="play"
        onClick={toggle}
      >
        {playing ? "❚❚" : "▶"}
      </button>
      <button
        type="button"
        aria-label="A minute forward"
        title="A minute forward (.)"
        disabled={live}
        data-testid="forward"
        onClick={() => step(MINUTE_MS)}
      >
        ▸
      </button>
      <select
        aria-label="Speed"
        title="Speed of the play-back (< >)"
        value={speed}
        data-testid="speed"
        onChange={(event) => setSpeed(Number(event.target.value))}
      >
        {speedsWith(speed).map((each) => (
          <option key={each} value={each}>
            {each}×
          </option>
        ))}
      </select>
    </div>
  );
}

/** An address may name a speed of its own. */
function speedsWith(speed: number): number[] {
  return [...new Set<number>([...SPEEDS, speed])].sort((a, b) => a - b);
}

function Cursor({ view, at }: { view: View; at: number }): ReactNode {
  const loaded = useValue("loaded");
  const now = useNow(1000);
  const down = useVeil() !== null;
  const live = view.kind === "live";
  const loading = !live && !loaded;
  const stopped = useDeskClock() === "stopped";
  const old = down ? "▲ not live" : stopped ? "▲ desk stopped" : null;
  const word = loading ? "loading…" : (old ?? (live ? "now" : "IST"));
  return (
    <output className="time-cursor" data-testid="cursor" data-loading={loading}>
      <strong>{live && !stopped ? istTime(at) : istMoment(at, now)}</strong>
      <span className={old !== null && !loading ? "cursor-word warn" : "cursor-word"}>{word}</span>
    </output>
  );
}
