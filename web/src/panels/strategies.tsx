// How each strategy does, what it last wanted and what it was last refused.
import type { ReactNode } from "react";

import { ago, count, percent, UNKNOWN } from "../format.js";
import type { Strategy } from "../model/desk-types.js";
import { reasonWords } from "../model/reasons.js";
import { streakOf, tradesOf, winRateOf } from "../model/strategy-words.js";
import { useApp, useValue } from "../state/app.js";
import { Pnl } from "../ui/pnl.js";
import { SaveButton } from "../ui/save-button.js";
import { useDeskNow } from "../ui/use-desk-now.js";

export function Strategies(): ReactNode {
  const strategies = useValue("strategies");
  const loaded = useValue("loaded");
  return (
    <div className="desk-tab" role="tabpanel" aria-label="Strategies">
      <table className="strategies">
        <thead>
          <tr>
            <th scope="col">Strategy</th>
            <th scope="col" className="number strategies-rate" title="Of the trades that ended">
              Wins of n
            </th>
            <th scope="col" className="number strategies-number" title="Wins or losses in a row">
              Run
            </th>
            <th scope="col" className="number strategies-number" title="Open positions">
              Pos
            </th>
            <th scope="col" className="number strategies-number" title="Signals today">
              Sig
            </th>
            <th scope="col" className="number strategies-pnl" title="Of the day, after charges">
              Day net
            </th>
          </tr>
        </thead>
        {strategies.map((strategy) => (
          <StrategyRows key={strategy.key} strategy={strategy} />
        ))}
      </table>
      {strategies.length === 0 && (
        <p className="panel-empty">{loaded ? "No strategy is told of." : "Loading…"}</p>
      )}
    </div>
  );
}

export function StrategiesSave(): ReactNode {
  const strategies = useValue("strategies");
  return (
    <SaveButton
      name="strategies"
      disabled={strategies.length === 0}
      rows={() => strategiesTable(strategies)}
    />
  );
}

function StrategyRows({ strategy }: { strategy: Strategy }): ReactNode {
  const app = useApp();
  const { focus } = useValue("shown");
  const chosen = focus.strategy === strategy.name;
  const toggle = (): void => app.focus({ strategy: chosen ? null : strategy.name });
  const streak = streakOf(strategy);
  const { wins, losses } = strategy;
  return (
    <tbody className={chosen ? "chosen" : undefined} data-testid="strategy">
      <tr className="link" onClick={toggle}>
        <td className="rest" title={strategy.name}>
          <button
            type="button"
            className="plain clip"
            aria-pressed={chosen}
            onClick={(event) => {
              event.stopPropagation(); // the row would take it back
              toggle();
            }}
          >
            {strategy.name}
          </button>
        </td>
        <td className="number" title={`${count(wins)} won, ${count(losses)} lost`}>
          {percent(winRateOf(strategy), 0)}{" "}
          <span className="dim">of {count(tradesOf(strategy))}</span>
        </td>
        <td className={`number ${streakTone(streak)}`}>{streak ?? UNKNOWN}</td>
        <td className="number">{count(strategy.openPositions)}</td>
        <td className="number">{count(strategy.signalsToday)}</td>
        <td className="number">
          <Pnl value={strategy.netPnl} />
        </td>
      </tr>
      <tr className="link second" onClick={toggle}>
        <td colSpan={6}>
          <LastNews strategy={strategy} />
        </td>
      </tr>
    </tbody>
  );
}

function streakTone(streak: string | null): string {
  if (streak === null) return "dim";
  return streak.startsWith("W") ? "gain" : "loss";
}

function LastNews({ strategy }: { strategy: Strategy }): ReactNode {
  const now = useDeskNow();
  const { lastSignal, lastSignalAt, lastVeto } = strategy;
  const since = (at: number | null): string => (at === null ? "" : ` · ${ago(now - at)}`);
  const why = reasonWords(lastVeto?.code ?? lastVeto?.reason ?? null);
  const veto = lastVeto === null ? UNKNOWN : `${why} · ${lastVeto.symbol}${since(lastVeto.at)}`;
  return (
    <span className="last-news">
      <span className="clip">
        <span className="dim">signal</span> {lastSignal ?? UNKNOWN}
        <span className="dim">{since(lastSignalAt)}</span>
      </span>
      <span className="clip" title={lastVeto?.reason ?? undefined}>
        <span className="dim">veto</span> {veto}
      </span>
    </span>
  );
}

function strategiesTable(strategies: readonly Strategy[]): (string | number | null)[][] {
  const iso = (at: number | null): string | null =>
    at === null ? null : new Date(at).toISOString();
  return [
    [
      "strategy",
      "engine_id",
      "wins",
      "losses",
      "win_rate",
      "streak",
      "open_positions",
      "signals_today",
      "last_signal",
      "last_signal_at",
      "last_veto_code",
      "last_veto_symbol",
      "last_veto_at",
      "net_pnl",
    ],
    ...strategies.map((strategy) => [
      strategy.name,
      strategy.engineId,
      strategy.wins,
      strategy.losses,
      winRateOf(strategy),
      streakOf(strategy),
      strategy.openPositions,
      strategy.signalsToday,
      strategy.lastSignal,
      iso(strategy.lastSignalAt),
      strategy.lastVeto?.code ?? null,
      strategy.lastVeto?.symbol ?? null,
      iso(strategy.lastVeto?.at ?? null),
      strategy.netPnl,
    ]),
  ];
}
