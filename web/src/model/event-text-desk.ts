// Words for what strategies, orders, positions and engines tell.
import { duration, signedQty, signedRupees, UNKNOWN } from "../format.js";
import {
  amount,
  counted,
  type EventText,
  money,
  named,
  otherFields,
  percent,
  priceText,
  type Say,
  sentence,
  signedMoney,
  strategyOf,
  texted,
  type Tone,
  toneOf,
} from "./event-words.js";
import { orderStatus } from "./order-status.js";
import { number, object, type Payload, text } from "./payload.js";

const SIGNAL_TONES: Readonly<Record<string, Tone>> = {
  BUY: "gain",
  SELL: "loss",
  EXIT: "accent",
  HOLD: "dim",
  VETO: "warn",
};
const STATUS_TONES: Readonly<Record<string, Tone>> = {
  filled: "accent",
  partially_filled: "accent",
  rejected: "bad",
  error: "bad",
  unknown: "warn",
  cancelled: "dim",
  expired: "dim",
};
const ENGINE_TONES: Readonly<Record<string, Tone>> = {
  starting: "dim",
  degraded: "warn",
  error: "bad",
  stopped: "warn",
};

function toneIn(tones: Readonly<Record<string, Tone>>, name: string): Tone {
  return Object.hasOwn(tones, name) ? (tones[name] ?? "") : "";
}

function signal(payload: Payload): EventText {
  const what = texted(payload, "signal");
  const orderSymbol = text(payload, "order_symbol");
  const at = number(payload, "price");
  return {
    subject: texted(payload, "symbol"),
    what,
    tone: toneIn(SIGNAL_TONES, what),
    details: sentence([
      strategyOf(payload),
      text(payload, "timeframe"),
      at === null ? null : `at ${priceText(at)}`,
      orderSymbol !== null && orderSymbol !== text(payload, "symbol") && `in ${orderSymbol}`,
      percent(number(payload, "confidence")),
      text(payload, "reason"),
    ]),
  };
}

function decision(payload: Payload): EventText {
  const what = texted(payload, "decision");
  const trace = object(payload, "trace_data");
  const wanted = text(trace, "wanted");
  const code = text(trace, "veto_code");
  const by = text(trace, "veto_by");
  const close = number(trace, "close_price");
  return {
    subject: texted(payload, "symbol"),
    what,
    tone: toneIn(SIGNAL_TONES, what),
    details: sentence([
      strategyOf(payload),
      wanted === null ? null : `wanted ${wanted}`,
      code === null ? by : by === null ? code : `${code} (${by})`,
      text(trace, "reason"),
      close === null ? null : `close ${priceText(close)}`,
      percent(number(trace, "confidence")),
    ]),
  };
}

function order(payload: Payload): EventText {
  const status = texted(payload, "status");
  const side = texted(payload, "side");
  return {
    subject: texted(payload, "symbol"),
    what: `${side} ${status.replaceAll("_", " ")}`.trim(),
    tone: toneIn(STATUS_TONES, orderStatus(status)),
    details: sentence([
      orderSize(payload),
      orderType(payload),
      strategyOf(payload),
      text(payload, "reject_code"),
      text(payload, "reason"),
      text(payload, "order_id"),
    ]),
  };
}

/** `65 @ 26,399.35`, `10 of 65 @ 26,399.35`; before a fill with the price that was asked for. */
function orderSize(payload: Payload): string | null {
  const qty = number(payload, "qty");
  const filled = number(payload, "filled_qty");
  const wanted = number(payload, "price");
  if (filled !== null && filled > 0) {
    const price = number(payload, "avg_price") ?? number(payload, "fill_price") ?? wanted;
    const part = qty !== null && filled < qty;
    return `${amount(filled)}${part ? ` of ${amount(qty)}` : ""} @ ${priceText(price)}`;
  }
  if (qty === null) return null;
  const market = text(payload, "order_type") === "MARKET";
  return market || wanted === null ? amount(qty) : `${amount(qty)} @ ${priceText(wanted)}`;
}

function orderType(payload: Payload): string | null {
  const trigger = number(payload, "trigger_price");
  const words = [text(payload, "order_type"), text(payload, "product")].filter(
    (part) => part !== null,
  );
  if (trigger !== null && trigger > 0) words.push(`trigger ${priceText(trigger)}`);
  return words.length === 0 ? null : words.join(" ");
}

function position(payload: Payload): EventText {
  const size = number(payload, "position_size");
  const day = number(payload, "day_pnl");
  const guarded = number(payload, "protected_qty");
  const open = size === null || guarded === null ? 0 : Math.abs(size) - guarded;
  const flat = size === 0;
  return {
    subject: texted(payload, "symbol"),
    what: size === null ? UNKNOWN : flat ? "flat" : signedQty(size),
    tone: flat ? "dim" : size === null ? "" : size > 0 ? "gain" : "loss",
    details: sentence([
      flat ? null : `${priceText(number(payload, "entry_price"))} → ${lastPrice(payload)}`,
      flat ? null : signedMoney("open", number(payload, "unrealized_pnl")),
      signedMoney("day", day),
      open > 0 && !flat && `⚠ ${amount(open)} without a stop`,
      text(payload, "scope") === "account" ? "whole account" : strategyOf(payload),
      text(payload, "product"),
    ]),
  };
}

function lastPrice(payload: Payload): string {
  return priceText(number(payload, "last_price"));
}

function performance(payload: Payload): EventText {
  const metrics = object(payload, "metrics");
  const net = number(metrics, "day_net_pnl") ?? number(metrics, "net_pnl");
  const whole = net ?? number(metrics, "total_pnl");
  return {
    subject: strategyOf(payload) ?? text(payload, "scope") ?? "",
    what: signedRupees(whole),
    tone: toneOf(whole),
    details: sentence([
      signedMoney("realised", number(metrics, "realized_pnl")),
      signedMoney("open", number(metrics, "unrealized_pnl")),
      money("charges", number(metrics, "charges")),
      money("drawdown", number(metrics, "current_drawdown") ?? number(metrics, "max_drawdown")),
      counted(number(metrics, "trades"), "trade"),
      winRate(metrics),
      text(payload, "session_date"),
    ]),
  };
}

function winRate(metrics: Payload): string | null {
  const share = percent(number(metrics, "win_rate"));
  return share === null ? null : `${share} won`;
}

/** Of each engine's many figures those that tell how it does. */
const ENGINE_FIGURES: ReadonlyMap<string, (metrics: Payload) => (string | null)[]> = new Map([
  [
    "MarketDataEngine",
    (metrics) => [
      rate(number(metrics, "ticks_per_second")),
      counted(number(metrics, "cached_symbols"), "symbol"),
      age("last tick", number(metrics, "last_tick_age_ms")),
      counted(number(metrics, "gaps"), "gap"),
      counted(number(metrics, "stale_symbols_count"), "stale symbol"),
    ],
  ],
  [
    "ExecutionEngine",
    (metrics) => [
      counted(number(metrics, "open_positions"), "open position"),
      counted(number(metrics, "open_orders"), "order at work", "orders at work"),
      counted(number(metrics, "fills_total"), "fill"),
      counted(number(metrics, "rejects_total"), "reject"),
      latency("ack", number(metrics, "ack_latency_p99_ms")),
      metrics["kill_switch"] === true ? "KILL SWITCH ON" : null,
    ],
  ],
  [
    "StrategyEngineV2",
    (metrics) => [
      counted(number(metrics, "total_strategies"), "strategy", "strategies"),
      winRate({ win_rate: metrics["avg_win_rate"] }),
      named("longest loss streak", number(metrics, "max_loss_streak")),
      metrics["kill_switch"] === true ? "KILL SWITCH ON" : null,
    ],
  ],
  [
    "System",
    (metrics) => [
      cpu(number(metrics, "process_cpu_pct")),
      megabytes(number(metrics, "process_memory_bytes")),
      named("load", number(metrics, "load_1m")),
      diskFree(number(metrics, "disk_free_pct")),
      named("clock off by ms", number(metrics, "clock_offset_ms")),
    ],
  ],
]);

function age(label: string, ms: number | null): string | null {
  return ms === null ? null : `${label} ${duration(ms)} ago`;
}

function rate(ticks: number | null): string | null {
  return ticks === null ? null : `${ticks.toFixed(ticks < 100 ? 1 : 0)} ticks/s`;
}

function latency(label: string, ms: number | null): string | null {
  return ms === null ? null : `${label} p99 ${amount(ms)} ms`;
}

function cpu(share: number | null): string | null {
  return share === null ? null : `CPU ${share.toFixed(0)} %`;
}

function megabytes(bytes: number | null): string | null {
  return bytes === null ? null : `${(bytes / 1e6).toFixed(0)} MB`;
}

function diskFree(share: number | null): string | null {
  return share === null ? null : `disk ${share.toFixed(0)} % free`;
}

function engine(name: string, payload: Payload): EventText {
  const status = texted(payload, "status");
  const metrics = object(payload, "metrics");
  const figures = ENGINE_FIGURES.get(name)?.(metrics) ?? otherFields(metrics);
  return {
    subject: name,
    what: status,
    tone: toneIn(ENGINE_TONES, status),
    details: sentence([text(payload, "reason"), text(payload, "error"), ...figures]),
  };
}

const COMMAND_TONES: Readonly<Record<string, Tone>> = {
  requested: "accent",
  refused: "warn",
  failed: "bad",
};

function command(payload: Payload): EventText {
  const state = texted(payload, "state");
  const target = texted(payload, "target");
  const by = text(payload, "by");
  return {
    subject: target === "*" ? "all engines" : target,
    what: `${texted(payload, "command")} ${state}`.trim(),
    tone: toneIn(COMMAND_TONES, state),
    details: sentence([by === null ? null : `by ${by}`, text(payload, "reason")]),
  };
}

export const DESK_WORDS: readonly (readonly [string, Say])[] = [
  ["signal_event", signal],
  ["decision_trace", decision],
  ["order_event", order],
  ["position_event", position],
  ["performance_update", performance],
  ["engine_health", (payload) => engine(texted(payload, "engine_name"), payload)],
  ["mde_status", (payload) => engine(texted(payload, "mde_name"), payload)],
  ["command_event", command],
];
