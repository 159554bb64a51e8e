// Outcomes of trades: in words, in groups to choose from, and as stages of the decision funnel.
import type { Trade, TradeOutcome, TradesQuery } from "@tapedeck/client";

import type { Focus, Stage } from "../state/location.js";
import { reasonWords } from "./reasons.js";

export type OutcomeGroup = "all" | "filled" | "working" | "vetoed" | "rejected" | "other";

/** Null: any. */
const GROUPS: Readonly<Record<OutcomeGroup, readonly TradeOutcome[] | null>> = {
  all: null,
  filled: ["filled", "partially_filled"],
  working: ["working"],
  vetoed: ["vetoed"],
  rejected: ["rejected"],
  other: ["signalled", "cancelled", "expired", "unknown", "error"],
};
export const OUTCOME_GROUPS = Object.keys(GROUPS) as readonly OutcomeGroup[];

const ORDERED: readonly TradeOutcome[] = [
  "working",
  "filled",
  "partially_filled",
  "rejected",
  "cancelled",
  "expired",
  "unknown",
  "error",
];
const STAGES: Readonly<Record<Stage["name"], readonly TradeOutcome[] | null>> = {
  scanned: null,
  evaluated: null,
  signalled: ["signalled", ...ORDERED],
  vetoed: ["vetoed"],
  ordered: ORDERED,
  filled: ["filled", "partially_filled"],
};

export function isAtStage(outcome: TradeOutcome, stage: Stage["name"]): boolean {
  return STAGES[stage]?.includes(outcome) ?? true;
}

/** Null: any; empty: the group has nothing in that stage. */
export function outcomesOf(group: OutcomeGroup, stage: Stage | null): TradeOutcome[] | null {
  const ofStage = stage === null ? null : STAGES[stage.name];
  const ofGroup = GROUPS[group];
  if (ofGroup === null) return ofStage === null ? null : [...ofStage];
  return ofGroup.filter((outcome) => ofStage?.includes(outcome) ?? true);
}

export function isShown(trade: Trade, group: OutcomeGroup, stage: Stage | null): boolean {
  const outcomes = outcomesOf(group, stage);
  if (outcomes !== null && !outcomes.includes(trade.outcome)) return false;
  const code = stage?.name === "vetoed" ? stage.vetoCode : null;
  return code === null || trade.veto?.code === code;
}

export const TRADES_SHOWN = 100;
const MOST = 1000;

/**
 * @param until null: now. What the server cannot choose (a veto's code, an outcome as of then) is
 * chosen from more of them. Null: there can be none.
 */
export function tradesQuery(
  since: Date,
  until: Date | null,
  group: OutcomeGroup,
  focus: Focus,
): TradesQuery | null {
  const outcome = outcomesOf(group, focus.stage);
  if (outcome?.length === 0) return null;
  const chosenHere = until !== null || (focus.stage?.vetoCode ?? null) !== null;
  return {
    since,
    ...(until === null ? {} : { until }),
    ...(until !== null || outcome === null ? {} : { outcome }),
    ...(focus.strategy === null ? {} : { strategy: focus.strategy }),
    ...(focus.symbol === null ? {} : { symbol: focus.symbol }),
    limit: chosenHere ? MOST : TRADES_SHOWN,
  };
}

export interface OutcomeWords {
  word: string;
  /** A class of base.css. */
  tone: string;
  /** The whole of it, where there is room. */
  why: string;
}

const TONES: Readonly<Record<TradeOutcome, string>> = {
  filled: "",
  partially_filled: "warn",
  working: "accent",
  signalled: "dim",
  vetoed: "warn",
  rejected: "bad",
  unknown: "bad",
  error: "bad",
  cancelled: "dim",
  expired: "dim",
};

export function outcomeWords(trade: Trade): OutcomeWords {
  const { outcome, veto, reject } = trade;
  const tone = TONES[outcome] ?? "dim";
  const because = (code: string | null, reason: string | null): OutcomeWords => ({
    word: `${outcome}: ${reasonWords(code ?? reason)}`,
    tone,
    why: reason ?? trade.reason ?? "",
  });
  if (outcome === "vetoed") return because(veto?.code ?? null, veto?.reason ?? null);
  if (outcome === "rejected") return because(reject?.code ?? null, reject?.reason ?? null);
  if (trade.end_reason !== null) return because(trade.end_reason, null);
  const word = outcome === "signalled" ? "signalled, no order" : outcome.replaceAll("_", " ");
  return { word, tone, why: trade.reason ?? "" };
}
