// One alert: how bad by shape and word, since when, what it says, and what can be done.
import type { Alert, Tapedeck } from "@tapedeck/client";
import type { ReactNode } from "react";

import { ago, istMoment } from "../format.js";
import { groupText, inHand, restOfDay, silentUntil, whenOf } from "../model/alert-list.js";
import { useApp } from "../state/app.js";

/** Something to be done at the server. */
export type Act = (client: Tapedeck) => Promise<unknown>;

const SHAPES: Readonly<Record<Alert["severity"], string>> = {
  critical: "✖",
  warning: "▲",
  info: "●",
};

interface AlertItemProps {
  alert: Alert;
  now: number;
  /** Null: nothing can be done. */
  act: ((what: Act) => Promise<void>) | null;
}

export function AlertItem({ alert, now, act }: AlertItemProps): ReactNode {
  const { state, severity, rule } = alert;
  const group = groupText(alert);
  const hand = inHand(alert, now);
  const when = whenOf(alert);
  const over = state === "resolved";
  return (
    <li
      className={`alert ${severity} ${state}`}
      data-testid="alert"
      data-rule={rule}
      data-state={state}
    >
      <span className="alert-shape" aria-hidden="true">
        {over ? "✓" : SHAPES[severity]}
      </span>
      <div className="alert-body">
        <div className="alert-top">
          <strong className="alert-word">
            {state === "firing" ? severity : `${state} ${severity}`}
          </strong>
          <span className="alert-rule clip" title={`${rule} ${group}`}>
            {rule}
            {group !== "" && ` · ${group}`}
          </span>
          <time className="alert-since" title={`${istMoment(when, now)} IST`}>
            {ago(now - when)}
          </time>
        </div>
        <div className="alert-main">
          <Summary alert={alert} />
          {act !== null && !over && <Actions alert={alert} now={now} act={act} />}
        </div>
        {hand !== "" && (
          <span className="alert-hand clip" title={hand}>
            {hand}
          </span>
        )}
      </div>
    </li>
  );
}

/** What it says; leads to the event that made it fire. */
function Summary({ alert: { summary, rule, event_id: event } }: { alert: Alert }): ReactNode {
  const app = useApp();
  const words = summary || rule;
  return event === null ? (
    <span className="alert-summary" title={words}>
      {words}
    </span>
  ) : (
    <button
      type="button"
      className="plain alert-summary"
      title={words}
      onClick={() => app.show({ event })}
    >
      {words}
    </button>
  );
}

interface ActionsProps {
  alert: Alert;
  now: number;
  act: (what: Act) => Promise<void>;
}

function Actions({ alert, now, act }: ActionsProps): ReactNode {
  const { rule, group, state, acknowledged_at: seen } = alert;
  const silent = silentUntil(alert, now) !== null;
  const about = [rule, groupText(alert)].join(" ").trim();
  const silence = (how: string): void => {
    if (how === "") return;
    const time = how === "day" ? restOfDay(Date.now()) : how;
    void act((client) => client.silence(rule, { group, for: time }));
  };
  return (
    <span className="alert-actions">
      {state === "firing" && seen === null && (
        <button
          type="button"
          aria-label={`Acknowledge ${about}`}
          data-testid="acknowledge"
          onClick={() => void act((client) => client.acknowledge(rule, { group }))}
        >
          Acknowledge
        </button>
      )}
      <select
        aria-label={`Silence ${about}`}
        title="Nothing is sent about it for so long"
        value=""
        data-testid="silence"
        onChange={(event) => silence(event.target.value)}
      >
        <option value="">Silence…</option>
        <option value="15m">15 minutes</option>
        <option value="1h">1 hour</option>
        <option value="4h">4 hours</option>
        <option value="day">rest of the day</option>
        {silent && <option value="0s">end the silence</option>}
      </select>
    </span>
  );
}
