// What an account made, sessions of exchanges, scans of the universe, commands: one record an event.
import type { Command, Performance, SessionPhase, UniverseScan } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { momentOf, number, object, text, texts } from "./payload.js";

export function performanceOf(event: DeskEvent): Performance | undefined {
  const payload = event.payload;
  if ((text(payload, "scope") ?? "account") !== "account") return undefined;
  const metrics = object(payload, "metrics");
  const account = event.source?.account ?? null;
  const mode = event.source?.mode ?? null;
  return {
    key: JSON.stringify([account, mode, event.source?.engine_id ?? null]),
    account,
    mode,
    sessionDate: text(payload, "session_date"),
    realized: number(metrics, "realized_pnl"),
    unrealized: number(metrics, "unrealized_pnl"),
    charges: number(metrics, "charges"),
    dayNet: number(metrics, "day_net_pnl") ?? number(metrics, "net_pnl"),
    lossLimit: number(metrics, "loss_limit"),
    marginUsed: number(metrics, "margin_used"),
    marginAvailable: number(metrics, "margin_available"),
    maxDrawdown: number(metrics, "max_drawdown"),
    drawdown: number(metrics, "current_drawdown"),
    winRate: number(metrics, "win_rate"),
    trades: number(metrics, "trades"),
    at: momentOf(event.timestamp) ?? 0,
    seq: seqOf(event.id),
  };
}

export function sessionOf(event: DeskEvent): SessionPhase | undefined {
  const payload = event.payload;
  const exchange = text(payload, "exchange");
  const phase = text(payload, "phase");
  if (exchange === null || phase === null) return undefined;
  const segment = text(payload, "segment") ?? "";
  const group = text(payload, "group");
  return {
    key: JSON.stringify([exchange, segment, group]),
    exchange,
    segment,
    group,
    phase,
    at: momentOf(event.timestamp) ?? 0,
    seq: seqOf(event.id),
  };
}

export function scanOf(event: DeskEvent): UniverseScan | undefined {
  const payload = event.payload;
  const scanType = text(payload, "scan_type");
  if (scanType === null) return undefined;
  const summary = object(payload, "summary");
  const exchange = text(summary, "exchange") ?? text(payload, "exchange");
  const counts = object(summary, "counts");
  return {
    key: JSON.stringify([scanType, exchange]),
    scanType,
    exchange,
    size: number(payload, "universe_size"),
    counts: Object.fromEntries(
      Object.keys(counts).flatMap((type) => {
        const count = number(counts, type);
        return count === null ? [] : [[type, count]];
      }),
    ),
    added: texts(summary, "added"),
    removed: texts(summary, "removed"),
    addedCount: number(summary, "added_count"),
    removedCount: number(summary, "removed_count"),
    at: momentOf(event.timestamp) ?? 0,
    seq: seqOf(event.id),
  };
}

export function commandOf(event: DeskEvent): Command | undefined {
  const payload = event.payload;
  const command = text(payload, "command");
  const state = text(payload, "state");
  if (command === null || state === null) return undefined;
  return {
    id: event.id,
    command,
    target: text(payload, "target") ?? "*",
    state,
    reason: text(payload, "reason"),
    by: text(payload, "by"),
    requestId: text(payload, "request_id"),
    at: momentOf(event.timestamp) ?? 0,
  };
}
