// What is shown, as the address of the page has it: any view can be linked and reloaded.
import type { View } from "../feed/protocol.js";

export const TIMEFRAMES = ["1m", "3m", "5m", "10m", "15m", "30m", "60m", "1d"] as const;
export const SPEEDS = [1, 2, 5, 10, 30, 60, 100] as const;

/** A stage of the decision funnel; `vetoed` may name a code. */
export type StageName = "scanned" | "evaluated" | "signalled" | "vetoed" | "ordered" | "filled";
export interface Stage {
  name: StageName;
  vetoCode: string | null;
}

/** What everything on the page is narrowed to. */
export interface Focus {
  strategy: string | null;
  symbol: string | null;
  stage: Stage | null;
}

/** What panels let choose, each in words of its own. */
export const CHOICES = ["outcome", "range", "desk"] as const;
export type ChoiceName = (typeof CHOICES)[number];

export interface Shown {
  view: View;
  /** Of the chart; null: the page chooses one. */
  symbol: { exchange: string | null; symbol: string } | null;
  timeframe: string;
  focus: Focus;
  /** The tape's own filter. */
  types: string[];
  filter: string;
  /** The trade whose chain is open: a correlation_id or order_id. */
  trade: string | null;
  /** The event that is open: its id. */
  event: string | null;
  /** Where a panel shows something else than at first. */
  choices: Readonly<Partial<Record<ChoiceName, string>>>;
}

export const DEFAULT_SHOWN: Shown = {
  view: { kind: "live" },
  symbol: null,
  timeframe: "1m",
  focus: { strategy: null, symbol: null, stage: null },
  types: [],
  filter: "",
  trade: null,
  event: null,
  choices: {},
};

const STAGES: readonly string[] = [
  "scanned",
  "evaluated",
  "signalled",
  "vetoed",
  "ordered",
  "filled",
];
export const MAX_SPEED = 100;

/** What cannot be meant is left out: an address may have been typed by hand. */
export function readLocation(search: string): Shown {
  const query = new URLSearchParams(search);
  const value = (name: string): string | null => query.get(name)?.trim() || null;
  return {
    view: viewOf(value),
    symbol: instrumentOf(value("symbol")),
    timeframe: TIMEFRAMES.find((known) => known === value("tf")) ?? DEFAULT_SHOWN.timeframe,
    focus: {
      strategy: value("strategy"),
      symbol: value("only"),
      stage: stageOf(value("stage")),
    },
    types: (value("types") ?? "").split(",").filter((type) => type !== ""),
    filter: value("filter") ?? "",
    trade: value("trade"),
    event: value("event"),
    choices: Object.fromEntries(
      CHOICES.flatMap((name) => {
        const text = value(name);
        return text === null ? [] : [[name, text]];
      }),
    ),
  };
}

export function writeLocation(shown: Shown): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string | null): void => {
    if (value !== null && value !== "") query.set(name, value);
  };
  const { view, focus } = shown;
  if (view.kind === "at") put("at", view.at);
  if (view.kind === "play") {
    put("play", view.from);
    put("until", view.until);
    put("speed", String(view.speed));
  }
  put("symbol", shown.symbol === null ? null : instrumentText(shown.symbol));
  put("tf", shown.timeframe === DEFAULT_SHOWN.timeframe ? null : shown.timeframe);
  put("strategy", focus.strategy);
  put("only", focus.symbol);
  put("stage", focus.stage === null ? null : stageText(focus.stage));
  put("types", shown.types.join(","));
  put("filter", shown.filter);
  put("trade", shown.trade);
  put("event", shown.event);
  for (const name of CHOICES) put(name, shown.choices[name] ?? null);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function instrumentText(instrument: { exchange: string | null; symbol: string }): string {
  const { exchange, symbol } = instrument;
  return exchange === null ? symbol : `${exchange}:${symbol}`;
}

export function stageText(stage: Stage): string {
  return stage.vetoCode === null ? stage.name : `${stage.name}:${stage.vetoCode}`;
}

function viewOf(value: (name: string) => string | null): View {
  const at = timeOf(value("at"));
  const from = timeOf(value("play"));
  if (from !== null) {
    const speed = Number(value("speed") ?? 1);
    const known = speed > 0 && speed <= MAX_SPEED ? speed : 1;
    return { kind: "play", from, until: timeOf(value("until")), speed: known };
  }
  return at === null ? { kind: "live" } : { kind: "at", at };
}

function timeOf(text: string | null): string | null {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function instrumentOf(text: string | null): Shown["symbol"] {
  if (text === null) return null;
  const colon = text.indexOf(":");
  return colon > 0
    ? { exchange: text.slice(0, colon), symbol: text.slice(colon + 1) }
    : { exchange: null, symbol: text };
}

function stageOf(text: string | null): Stage | null {
  if (text === null) return null;
  const [name = "", ...code] = text.split(":");
  if (!STAGES.includes(name)) return null;
  return { name: name as StageName, vetoCode: code.join(":") || null };
}
