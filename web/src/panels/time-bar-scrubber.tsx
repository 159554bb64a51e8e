// The slider over a day, and behind it where something happened.
import { type KeyboardEvent, memo, type ReactNode, useEffect, useRef, useState } from "react";

import { istMinute, istTime } from "../format.js";
import { BUCKET_MS, type DayRange, type Mark, MINUTE_MS } from "../model/day-range.js";

const LONG_STEP_MS = 15 * MINUTE_MS;
/** Keys repeat fast, and each move asks for a whole state. */
const SETTLE_MS = 250;
const SECOND_MS = 1000;

interface ScrubberProps {
  range: DayRange;
  marks: readonly Mark[];
  at: number;
  live: boolean;
  onMove: (at: number) => void;
}

export function Scrubber({ range, marks, at, live, onMove }: ScrubberProps): ReactNode {
  const { wanted, drag, press, commit } = useWanted(onMove);
  const value = Math.max(range.from, Math.min(range.until, wanted ?? at));
  const share = (100 * (value - range.from)) / (range.until - range.from);
  return (
    <div className={wanted === null ? "scrubber" : "scrubber dragged"}>
      <Marks range={range} marks={marks} />
      <input
        type="range"
        aria-label="Moment of the day"
        aria-valuetext={`${istTime(value)} IST${live && wanted === null ? ", live" : ""}`}
        min={Math.floor(range.from / SECOND_MS)}
        max={Math.ceil(range.until / SECOND_MS)}
        step={1}
        value={Math.round(value / SECOND_MS)}
        data-testid="scrubber"
        onChange={(event) => drag(Number(event.target.value) * SECOND_MS)}
        onPointerUp={commit}
        onKeyDown={(event) => press(event, value, range)}
        onBlur={commit}
      />
      <span className="scrubber-from" aria-hidden="true">
        {istMinute(range.from)}
      </span>
      <span className="scrubber-until" aria-hidden="true">
        {istMinute(range.until)}
      </span>
      {wanted !== null && (
        <span
          className="scrubber-bubble"
          style={{ left: `clamp(32px, ${share}%, calc(100% - 32px))` }}
        >
          {istTime(value)}
        </span>
      )}
    </div>
  );
}

interface Wanted {
  /** The moment the handle is at while it is held; null: it is where the page is. */
  wanted: number | null;
  drag: (to: number) => void;
  press: (event: KeyboardEvent, value: number, range: DayRange) => void;
  commit: () => void;
}

function useWanted(onMove: (at: number) => void): Wanted {
  const [wanted, setWanted] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const newest = useRef({ wanted, onMove });
  useEffect(() => {
    newest.current = { wanted, onMove };
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const commit = (): void => {
    clearTimeout(timer.current);
    const { wanted: to, onMove: move } = newest.current;
    if (to === null) return;
    setWanted(null);
    move(to);
  };
  return {
    wanted,
    drag: setWanted,
    commit,
    press: (event, value, range) => {
      const to = keyMove(event, value, range);
      if (to === null) return;
      event.preventDefault();
      setWanted(Math.max(range.from, Math.min(range.until, to)));
      clearTimeout(timer.current);
      timer.current = setTimeout(commit, SETTLE_MS);
    },
  };
}

function keyMove(event: KeyboardEvent, value: number, range: DayRange): number | null {
  const step = event.shiftKey ? LONG_STEP_MS : MINUTE_MS;
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowDown":
      return value - step;
    case "ArrowRight":
    case "ArrowUp":
      return value + step;
    case "PageDown":
      return value - LONG_STEP_MS;
    case "PageUp":
      return value + LONG_STEP_MS;
    case "Home":
      return range.from;
    case "End":
      return range.until;
    default:
      return null;
  }
}

interface MarksProps {
  range: DayRange;
  marks: readonly Mark[];
}

const HEIGHT = 22;
const TICK = 4;

/** Events as bars; orders a tick below, alerts a tick above. Anew only with new marks. */
const Marks = memo(
  function Marks({ range, marks }: MarksProps): ReactNode {
    const span = range.until - range.from;
    const most = Math.max(1, ...marks.map(({ events }) => events));
    const width = (100 * BUCKET_MS) / span;
    const shown = marks.filter(({ at }) => at >= range.from - BUCKET_MS && at < range.until);
    return (
      <svg className="scrubber-marks" aria-hidden="true" width="100%" height={HEIGHT}>
        {shown.map(({ at, events, orders, alerts }) => {
          const x = `${(100 * (at - range.from)) / span}%`;
          const bar = (HEIGHT - 2 * TICK) * Math.sqrt(events / most);
          const box = { x, width: `${width}%` };
          return (
            <g key={at}>
              <rect {...box} className="mark" y={HEIGHT - TICK - bar} height={bar} />
              {orders > 0 && <rect {...box} className="orders" y={HEIGHT - TICK + 1} height={3} />}
              {alerts > 0 && <rect {...box} className="alerts" y={0} height={3} />}
            </g>
          );
        })}
      </svg>
    );
  },
  (before, after) =>
    before.marks === after.marks &&
    before.range.from === after.range.from &&
    before.range.until === after.range.until,
);
