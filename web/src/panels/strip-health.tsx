// Whether what is shown can be trusted: feeds, engines, the stream, the connection.
import type { ReactNode } from "react";

import type { ConnectionState } from "../feed/protocol.js";
import { count, duration, istTime, shortCount } from "../format.js";
import {
  countStates,
  type EngineDot,
  engineDots,
  isTrading,
  type Judge,
  OLD_FEED_MS,
  seenAt,
  worstFeedAge,
} from "../model/strip.js";
import { useValue } from "../state/app.js";
import { Sparkline } from "../ui/sparkline.js";
import { useDeskClock } from "../ui/use-desk-clock.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { Cell } from "./strip-cell.js";

/** More engines than this are counted by state. */
const MAX_DOTS = 7;
const OLD_LAG_MS = 2000;
const SHAPES: Readonly<Record<string, string>> = {
  active: "●",
  starting: "◐",
  degraded: "▲",
  error: "✖",
  stopped: "■",
  silent: "○",
};

function useJudge(): Judge {
  const live = useValue("shown").view.kind === "live";
  const wall = useNow(1000);
  const desk = useDeskNow();
  const stopped = useDeskClock() === "stopped";
  if (!live) return { now: desk, by: "past" };
  return { now: wall, by: stopped ? "stopped" : "arrival" };
}

export function FeedAgeCell(): ReactNode {
  const feed = useValue("feed");
  const engines = useValue("engines");
  const sessions = useValue("sessions");
  const trading = isTrading(sessions, useDeskNow());
  const judge = useJudge();
  const heard = engines
    .filter(({ name }) => name === "MarketDataEngine")
    .map((engine) => seenAt(engine, judge));
  const worst = worstFeedAge(feed, heard.length === 0 ? null : judge.now - Math.max(...heard));
  const old = trading && worst !== null && worst.ms > OLD_FEED_MS;
  const of = worst?.symbol ?? (feed.symbols === null ? null : `${feed.symbols} symbols`);
  return (
    <Cell
      name="feed"
      label={old ? "feed age ▲ old" : "feed age"}
      title={`Age of the oldest feed${of === null ? "" : `: ${of}`}`}
    >
      <span className={old ? "bad" : ""} data-testid="feed-age">
        {duration(worst?.ms ?? null)}
      </span>
      <span className="cell-sub">{worst?.symbol ?? ""}</span>
    </Cell>
  );
}

export function Engines(): ReactNode {
  const engines = useValue("engines");
  const dots = engineDots(engines, useJudge());
  return (
    <ul className="cell engines" aria-label="Engines" data-testid="engines">
      {dots.length === 0 && <li className="dim">no engines</li>}
      {dots.length <= MAX_DOTS ? (
        dots.map((dot) => <Dot key={dot.key} dot={dot} />)
      ) : (
        <Counts dots={dots} />
      )}
    </ul>
  );
}

function Shape({ state }: { state: string }): ReactNode {
  return (
    <span className={`shape state-${state}`} aria-hidden="true">
      {SHAPES[state] ?? "◆"}
    </span>
  );
}

function Dot({ dot }: { dot: EngineDot }): ReactNode {
  return (
    <li title={dot.says} data-engine={dot.name} data-state={dot.state}>
      <Shape state={dot.state} />
      <span className="engine-label" aria-hidden="true">
        {dot.label}
      </span>
      <span className="visually-hidden">{dot.says}</span>
    </li>
  );
}

function Counts({ dots }: { dots: readonly EngineDot[] }): ReactNode {
  return countStates(dots).map(({ state, count: n }) => {
    const says = dots.filter((dot) => dot.state === state).map((dot) => dot.says);
    return (
      <li key={state} title={says.slice(0, 30).join("\n")} data-state={state}>
        <Shape state={state} /> {n} {state}
      </li>
    );
  });
}

/** Events a second, how far behind, what was dropped: of the live stream, not of the past. */
export function Stream(): ReactNode {
  const meter = useValue("meter");
  const live = useValue("shown").view.kind === "live";
  if (!live) return null;
  const perSecond = meter?.perSecond ?? [];
  const rate = meter === null ? null : (perSecond[perSecond.length - 1] ?? 0);
  const lag = meter?.lagMs ?? null;
  const late = lag !== null && lag > OLD_LAG_MS;
  const lagText = lag === 0 ? "0.0 s" : duration(lag);
  const behind = count(meter?.behind ?? 0);
  const title =
    "Events a second that reach this page, and how long after the server knew of them\n" +
    `${behind} are on the way`;
  return (
    <>
      <Cell
        name="rate"
        title={title}
        label={
          <>
            <span className="rate" data-testid="rate">
              {shortCount(rate)}
            </span>
            /s ·{" "}
            <span className={late ? "bad" : ""} data-testid="lag">
              {late ? "▲ " : ""}lag {lagText}
            </span>
          </>
        }
      >
        <Sparkline values={perSecond} label={`${count(rate)} events a second`} />
      </Cell>
      <Losses dropped={meter?.droppedTotal ?? 0} problem={meter?.storeProblem ?? null} />
    </>
  );
}

function Losses({ dropped, problem }: { dropped: number; problem: string | null }): ReactNode {
  if (dropped === 0 && problem === null) return null;
  const told = [
    dropped > 0 ? `${shortCount(dropped)} dropped` : "",
    problem === null ? "" : "not stored",
  ].filter((word) => word !== "");
  const says = [
    dropped > 0 ? `${count(dropped)} events were dropped before they reached the server.` : "",
    problem === null ? "" : `The history cannot be written: ${problem}`,
  ].join("\n");
  return (
    <Cell name="losses" label="▲ losses" title={says.trim()}>
      <span className="bad" role="status">
        {told.join(", ")}
      </span>
    </Cell>
  );
}

export function Connection(): ReactNode {
  const connection = useValue("connection");
  const live = useValue("shown").view.kind === "live";
  const now = useNow(1000);
  const { word, tone, says } = connectionSays(connection, live, now);
  return (
    <div
      className={`connection ${tone}`}
      title={says}
      data-testid="connection"
      data-state={connection.state}
    >
      <span aria-hidden="true">{tone === "good" ? "●" : tone === "bad" ? "✖" : "◌"}</span>
      <span className="connection-word">{word}</span>
      <span className="visually-hidden" role="status">
        {tone === "bad" ? `Not connected: ${says}` : ""}
      </span>
      {tone === "bad" && <span className="connection-why">{says}</span>}
    </div>
  );
}

interface Saying {
  word: string;
  tone: "good" | "wait" | "bad" | "calm";
  says: string;
}

function connectionSays(connection: ConnectionState, live: boolean, now: number): Saying {
  const { state, error, since, retryAt } = connection;
  const why = error?.message ?? "";
  switch (state) {
    case "open":
      return live
        ? { word: "live", tone: "good", says: `Connected since ${istTime(since)} IST` }
        : { word: "past", tone: "calm", says: "A moment of the past is shown" };
    case "connecting":
      return { word: live ? "connecting" : "loading", tone: "wait", says: why || "Connecting" };
    case "waiting": {
      const wait = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - now) / 1000));
      const word = wait === null ? "no answer" : `retry in ${wait} s`;
      return { word, tone: "bad", says: why || "The server cannot be reached" };
    }
    case "closed":
      return error === null && !live
        ? { word: "past", tone: "calm", says: "The play-back is over" }
        : { word: "failed", tone: "bad", says: why || "The stream has ended" };
  }
}
