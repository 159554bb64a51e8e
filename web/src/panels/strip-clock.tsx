// Whose money it is, which moment is shown, and whether exchanges trade.
import type { ReactNode } from "react";

import { istDay, istMoment, istTime } from "../format.js";
import type { DeskClock } from "../model/desk-clock.js";
import { byMode, markets } from "../model/strip.js";
import { useValue } from "../state/app.js";
import { useDeskClock } from "../ui/use-desk-clock.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { Cell } from "./strip-cell.js";

const MAX_MARKETS = 4;

/** PAPER, LIVE, REPLAY: unmistakable. */
export function ModeBadge(): ReactNode {
  const modes = [...useValue("modes")].sort(byMode);
  return (
    <div className="modes" role="group" aria-label="Mode" data-testid="mode">
      {modes.length === 0 && <strong className="mode none">NO ENGINE</strong>}
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
      <strong>PAST{view.kind === "play" ? ` ▶ ${view.speed}×` : ""}</strong>
      <span>{istMoment(cursor, now)} IST</span>
    </div>
  );
}

export function MarketClock(): ReactNode {
  const deskNow = useDeskNow();
  const now = useNow(1000);
  const clock = useDeskClock();
  // A desk that has stopped says nothing about now.
  const shownNow = clock === "stopped" ? now : deskNow;
  const [weekday = "", date = ""] = istDay(shownNow).split(", ");
  const sameDay = istDay(shownNow) === istDay(now);
  return (
    <Cell name="market" label={<Markets now={shownNow} clock={clock} />}>
      <time className="clock" dateTime={new Date(shownNow).toISOString()}>
        {istTime(shownNow)}
      </time>
      <span className="dim"> IST</span>
      {!sameDay && (
        <span className="clock-day">
          {weekday} {date.slice(0, 6)}
        </span>
      )}
    </Cell>
  );
}

function Markets({ now, clock }: { now: number; clock: DeskClock }): ReactNode {
  const all = markets(useValue("sessions"), now);
  const shown = all.slice(0, MAX_MARKETS);
  return (
    <ul className="markets" aria-label="Exchanges and clock">
      {shown.map(({ exchange, word, detail }) => (
        <li key={exchange} className={`market ${word}`} title={detail}>
          <span className="market-dot" aria-hidden="true" />
          {exchange} {word === "?" ? "–" : word.toUpperCase()}
        </li>
      ))}
      {shown.length === 0 && <li title="No session event yet">MARKET –</li>}
      {all.length > shown.length && (
        <li title={all.slice(MAX_MARKETS).map((each) => each.exchange).join(", ")}>
          +{all.length - shown.length}
        </li>
      )}
      <ClockHint clock={clock} />
    </ul>
  );
}

function ClockHint({ clock }: { clock: DeskClock }): ReactNode {
  const deskTime = useValue("deskTime");
  const now = useNow(60_000);
  if (clock === "simulated") {
    return (
      <li className="clock-hint" title="The desk's clock is not the wall's: a simulation or replay">
        SIM CLOCK
      </li>
    );
  }
  if (clock !== "stopped") return null;
  const since = `${istMoment(deskTime, now)} IST`;
  return (
    <li className="clock-hint bad" title={`No engine has told anything since ${since}`}>
      <span aria-hidden="true">✖ </span>DESK STOPPED
    </li>
  );
}
