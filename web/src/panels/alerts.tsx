// The inbox: what fires, what is about to, what lately did; to be taken in hand.
import "../styles/alerts.css";

import type { Alert } from "@tapedeck/client";
import { type ReactNode, useEffect, useState } from "react";

import { failureOf } from "../feed/failure.js";
import type { Failure } from "../feed/protocol.js";
import { alertKey, alertsOfEvents, byUrgency } from "../model/alert-list.js";
import { deskEvents } from "../model/event.js";
import { useApp, useValue } from "../state/app.js";
import { useCaller } from "../state/caller.js";
import { Panel } from "../ui/panel.js";
import { useAsked } from "../ui/use-asked.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { type Act, AlertItem } from "./alerts-item.js";

const ASK_EVERY_MS = 15_000;
const MAX_OPEN = 200;
const MAX_RESOLVED = 20;
const MAX_PAST_EVENTS = 500;
/** A play-back moves on all the time. */
const PAST_EVERY_MS = 2000;

export function Alerts(): ReactNode {
  const live = useValue("shown").view.kind === "live";
  return live ? <LiveAlerts /> : <PastAlerts />;
}

function LiveAlerts(): ReactNode {
  const app = useApp();
  const mayAct = useCaller()?.mayCommand ?? false;
  const [acted, setActed] = useState(0);
  const [failure, setFailure] = useState<Failure | null>(null);
  const tick = Math.floor(useNow(1000) / ASK_EVERY_MS);
  const again = [useValue("alertsVersion"), useValue("refresh"), tick, acted].join(" ");
  const { answer, error } = useAsked((signal) => askAlerts(app.client, signal), [], again);
  const firing = answer?.firing ?? 0;
  useTitle(firing);
  const act = async (what: Act): Promise<void> => {
    setFailure(null);
    try {
      await what(app.client);
    } catch (problem) {
      setFailure(failureOf(problem));
    }
    setActed((count) => count + 1);
  };
  const problem = failure ?? error;
  const off = error?.code === "alerts_off";
  const alerts = answer?.alerts ?? [];
  const note = answer === undefined ? "" : `${firing} firing · ${answer.rules} rules`;
  return (
    <Panel
      title="Alerts"
      name="alerts"
      data="asked"
      note={note}
      error={problem === null || off ? (answer?.problem ?? null) : sentence(problem)}
      {...emptyOf(alerts, off, answer === undefined)}
    >
      <List alerts={alerts} act={mayAct ? act : null} />
    </Panel>
  );
}

interface Inbox {
  alerts: Alert[];
  firing: number;
  rules: number;
  problem: string | null;
}

async function askAlerts(
  client: ReturnType<typeof useApp>["client"],
  signal: AbortSignal,
): Promise<Inbox> {
  const [open, resolved] = await Promise.all([
    client.alerts(
      { parts: ["alerts", "status"], state: ["firing", "pending"], limit: MAX_OPEN },
      { signal },
    ),
    client.alerts({ parts: "alerts", state: "resolved", limit: MAX_RESOLVED }, { signal }),
  ]);
  return {
    alerts: [...(open.alerts ?? []), ...(resolved.alerts ?? [])].sort(byUrgency),
    firing: open.status?.firing ?? 0,
    rules: open.status?.rules ?? 0,
    problem: open.status?.problem ?? null,
  };
}

/** Alerts of a moment of the past: as their events told them until then; nothing to be done. */
function PastAlerts(): ReactNode {
  const app = useApp();
  const { view } = useValue("shown");
  const moment = Math.ceil(useDeskNow() / 1000) * 1000;
  const query = {
    event_type: "alert_event" as const,
    until: new Date(moment),
    limit: MAX_PAST_EVENTS,
  };
  const { answer, error } = useAsked(
    (signal) => app.client.events(query, { signal }),
    [JSON.stringify(view)],
    `${moment} ${useValue("refresh")}`,
    PAST_EVERY_MS,
  );
  useTitle(0);
  const alerts = alertsOfEvents(deskEvents(answer?.events ?? []));
  return (
    <Panel
      title="Alerts"
      name="alerts"
      data="asked"
      note="as of then, read-only"
      error={error === null ? null : sentence(error)}
      {...emptyOf(alerts, false, answer === undefined)}
    >
      <List alerts={alerts} act={null} />
    </Panel>
  );
}

function emptyOf(alerts: readonly Alert[], off: boolean, asking: boolean): { empty?: string } {
  if (off) return { empty: "This program watches no rules (tapedeck run --alert-rules FILE)." };
  if (asking) return { empty: "Loading…" };
  return alerts.length === 0 ? { empty: "Nothing fires." } : {};
}

interface ListProps {
  alerts: readonly Alert[];
  act: ((what: Act) => Promise<void>) | null;
}

function List({ alerts, act }: ListProps): ReactNode {
  const now = useNow(1000);
  return (
    <ul className="alert-list" aria-label="Alerts, most urgent first">
      {alerts.map((alert) => (
        <AlertItem key={alertKey(alert)} alert={alert} now={now} act={act} />
      ))}
    </ul>
  );
}

function sentence({ status, message }: Failure): string {
  return status === 403 ? `Not allowed: this needs another scope. ${message}` : message;
}

/** What another tab of the browser shows of this one. */
function useTitle(firing: number): void {
  useEffect(() => {
    document.title = firing > 0 ? `(${firing}) Tapedeck` : "Tapedeck";
  }, [firing]);
}
