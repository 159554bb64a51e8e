// Strategies: what the engine's health says of each, with its P&L and its last veto.
import type { Strategy } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { moment, momentOf, number, object, type Payload, text } from "./payload.js";

const MAX_STRATEGIES = 500;

interface Known {
  name: string;
  engineId: string | null;
  health: Payload;
  healthSeq: number;
  pnl: Payload;
  pnlSeq: number;
  veto: Strategy["lastVeto"];
  vetoSeq: number;
}

export class StrategyBook {
  readonly #known = new Map<string, Known>();

  applyHealth(event: DeskEvent, metrics: Payload): boolean {
    const seq = seqOf(event.id);
    const all = object(metrics, "strategies");
    let changed = false;
    for (const name of Object.keys(all)) {
      const known = this.#find(name, event.source?.engine_id ?? null);
      if (known === undefined || seq <= known.healthSeq) continue;
      known.healthSeq = seq;
      known.health = object(all, name);
      changed = true;
    }
    return changed;
  }

  applyPerformance(event: DeskEvent): boolean {
    const payload = event.payload;
    const name = text(payload, "strategy");
    const seq = seqOf(event.id);
    const known = name === null ? undefined : this.#find(name, event.source?.engine_id ?? null);
    if (known === undefined || seq <= known.pnlSeq) return false;
    known.pnlSeq = seq;
    known.pnl = object(payload, "metrics");
    return true;
  }

  applyDecision(event: DeskEvent): boolean {
    const payload = event.payload;
    const name = text(payload, "strategy_name");
    if (name === null || text(payload, "decision") !== "VETO") return false;
    const known = this.#find(name, event.source?.engine_id ?? null);
    const seq = seqOf(event.id);
    if (known === undefined || seq <= known.vetoSeq) return false;
    const trace = object(payload, "trace_data");
    known.vetoSeq = seq;
    known.veto = {
      code: text(trace, "veto_code"),
      reason: text(trace, "reason"),
      symbol: text(payload, "symbol") ?? "",
      at: momentOf(event.timestamp) ?? 0,
    };
    return true;
  }

  strategies(): Strategy[] {
    return [...this.#known]
      .map(([key, known]) => strategyOf(key, known))
      .sort((a, b) => a.name.localeCompare(b.name) || a.key.localeCompare(b.key));
  }

  /** Undefined: there are too many already. */
  #find(name: string, engineId: string | null): Known | undefined {
    const key = JSON.stringify([engineId, name]);
    const known = this.#known.get(key);
    if (known !== undefined || this.#known.size >= MAX_STRATEGIES) return known;
    const made: Known = {
      name,
      engineId,
      health: {},
      healthSeq: -1,
      pnl: {},
      pnlSeq: -1,
      veto: null,
      vetoSeq: -1,
    };
    this.#known.set(key, made);
    return made;
  }
}

function strategyOf(key: string, known: Known): Strategy {
  const { health, pnl } = known;
  return {
    key,
    name: known.name,
    engineId: known.engineId,
    wins: number(health, "win_count"),
    losses: number(health, "loss_count"),
    winRate: number(health, "win_rate"),
    winStreak: number(health, "win_streak"),
    lossStreak: number(health, "loss_streak"),
    openPositions: number(health, "open_positions") ?? number(pnl, "open_positions"),
    signalsToday: number(health, "signals_today"),
    lastSignal: text(health, "last_signal"),
    lastSignalAt: moment(health, "last_signal_ts"),
    realizedPnl: number(pnl, "realized_pnl") ?? number(health, "realized_pnl"),
    unrealizedPnl: number(pnl, "unrealized_pnl"),
    netPnl: number(pnl, "day_net_pnl") ?? number(pnl, "net_pnl"),
    lastVeto: known.veto,
  };
}
