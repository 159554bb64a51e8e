// Whose money it is, which moment is shown, and whether exchanges trade.
import { type ReactNode, useRef } from "react";

import { duration, istDay, istMoment, istTime } from "../format.js";
import { byMode, markets, SILENT_AFTER_MS } from "../model/strip.js";
import { useValue } from "../state/app.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { Cell } from "./strip-cell.js";

const MAX_MARKETS = 4;
/** Beyond this the desk's clock is not the wall's. */
const SAME_CLOCK_MS = 60_000;

/** PAPER, LIVE, REPLAY: unmistakable. */
export function ModeBadge(): ReactNode {
  const modes = [...useValue("modes")].sort(byMode);
  const loaded = useValue("loaded");
  const none = loaded ? "NO ENGINE" : "…";
  return (
    <div className="modes" role="group" aria-label="Mode" data-testid="mode">
      {modes.length === 0 && <strong className="mode none">{none}</strong>}
      {modes.map((mode) => (
        <strong key={mode} className={`mode ${mode}`} title={modeSays(mode)}>
          {mode.toUpperCase()}
        </strong>
      ))}
    </div>
  );
}

function modeSays(mode: string): string {
  if (mode === "live") return "Orders go to the broker: real money";
  if (mode === "paper") return "Orders are simulated: no real money";
  return mode === "replay" ? "A recorded market is played: no real money" : mode;
}

/** Says which moment of the past the page stands at. */
export function PastMark(): ReactNode {
  const { view } = useValue("shown");
  const cursor = useValue("cursor");
  const now = useNow(1000);
  if (view.kind === "live") return null;
  return (
    <div className="past-mark" data-testid="past">
      <strong>PAST</strong>
      <span>
        {istMoment(cursor, now)} IST{view.kind === "play" ? ` · ${view.speed}×` : ""}
      </span>
    </div>
  );
}

export function MarketClock(): ReactNode {
  const deskNow = useDeskNow();
  const sessions = useValue("sessions");
  const now = useNow(1000);
  const all = markets(sessions, deskNow);
  const shown = all.slice(0, MAX_MARKETS);
  const hint = useClockHint();
  const [weekday = "", date = ""] = istDay(deskNow).split(", ");
  const sameDay = istDay(deskNow) === istDay(now);
  return (
    <Cell
      name="market"
      label={
        <ul className="markets" aria-label="Exchanges and clock">
          {shown.map(({ exchange, word, detail }) => (
            <li key={exchange} className={word === "open" ? "open" : ""} title={detail}>
              <span className={`market-dot ${word.replace("?", "unknown")}`} aria-hidden="true" />
              {exchange} {word === "?" ? "–" : word.toUpperCase()}
            </li>
          ))}
          {shown.length === 0 && <li title="No session event yet">MARKET –</li>}
          {all.length > shown.length && (
            <li title={all.slice(MAX_MARKETS).map((each) => each.exchange).join(", ")}>
              +{all.length - shown.length}
            </li>
          )}
          {hint !== null && (
            <li className={hint.stopped ? "clock-hint bad" : "clock-hint"} title={hint.says}>
              {hint.word}
            </li>
          )}
        </ul>
      }
    >
      <time className="clock" dateTime={new Date(deskNow).toISOString()}>
        {hint?.stopped === true ? istTime(now) : istTime(deskNow)}
      </time>
      <span className="dim"> IST</span>
      {!sameDay && hint?.stopped !== true && (
        <span className="clock-day">
          {weekday} {date.slice(0, 6)}
        </span>
      )}
    </Cell>
  );
}

interface ClockHint {
  word: string;
  says: string;
  stopped: boolean;
}

/** When the desk's clock is not the wall's: it is simulated, or it has stopped. */
function useClockHint(): ClockHint | null {
  const live = useValue("shown").view.kind === "live";
  const deskTime = useValue("deskTime");
  const now = useNow(1000);
  const moved = useRef({ deskTime, at: now });
  if (moved.current.deskTime !== deskTime) moved.current = { deskTime, at: now };
  if (!live || deskTime === null || Math.abs(now - deskTime) < SAME_CLOCK_MS) return null;
  if (now - moved.current.at < SILENT_AFTER_MS) {
    const says = "The desk's clock is not the wall's: a simulation or a replay.";
    return { word: "SIM CLOCK", says, stopped: false };
  }
  const word = `DESK STOPPED ${istMoment(deskTime, now)}`;
  const ago = deskTime < now ? `, ${duration(now - deskTime)} ago` : "";
  return { word, says: `No engine has told anything since ${word}${ago}.`, stopped: true };
}
