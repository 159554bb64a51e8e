import { describe, expect, test } from "vitest";

import { reasonWords } from "../src/model/reasons.js";
import {
  isAtStage,
  isShown,
  OUTCOME_GROUPS,
  outcomesOf,
  outcomeWords,
  TRADES_SHOWN,
  tradesQuery,
} from "../src/model/trade-outcomes.js";
import type { Focus, Stage } from "../src/state/location.js";
import { filledTrade, trade, vetoedTrade } from "./trades.js";

const everything: Focus = { strategy: null, symbol: null, stage: null };
const stage = (name: Stage["name"], vetoCode: string | null = null): Stage => ({ name, vetoCode });
const since = new Date("2026-11-22T18:30:00Z");

describe("groups of outcomes", () => {
  test("have each outcome once", () => {
    const all = OUTCOME_GROUPS.flatMap((group) => outcomesOf(group, null) ?? []);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(10);
  });

  test("are narrowed by the stage that is chosen", () => {
    expect(outcomesOf("filled", stage("ordered"))).toEqual(["filled", "partially_filled"]);
    expect(outcomesOf("filled", stage("vetoed"))).toEqual([]);
    expect(outcomesOf("all", stage("vetoed"))).toEqual(["vetoed"]);
    expect(outcomesOf("all", stage("evaluated"))).toBeNull();
  });

  test("put a trade in every stage that it passed", () => {
    expect(isAtStage("filled", "signalled")).toBe(true);
    expect(isAtStage("filled", "ordered")).toBe(true);
    expect(isAtStage("rejected", "ordered")).toBe(true);
    expect(isAtStage("rejected", "filled")).toBe(false);
    expect(isAtStage("signalled", "ordered")).toBe(false);
    expect(isAtStage("vetoed", "signalled")).toBe(false);
  });

  test("tell vetoes apart by their code", () => {
    const cooldown = vetoedTrade("cooldown");
    expect(isShown(cooldown, "all", stage("vetoed", "cooldown"))).toBe(true);
    expect(isShown(cooldown, "all", stage("vetoed", "margin"))).toBe(false);
    expect(isShown(cooldown, "all", stage("vetoed"))).toBe(true);
    expect(isShown(cooldown, "filled", null)).toBe(false);
    expect(isShown(filledTrade(), "filled", null)).toBe(true);
  });
});

describe("the question for trades", () => {
  test("lets the server choose outcomes when the page is live", () => {
    expect(tradesQuery(since, null, "filled", everything)).toEqual({
      since,
      outcome: ["filled", "partially_filled"],
      limit: TRADES_SHOWN,
    });
  });

  test("chooses here what they were at a moment of the past", () => {
    const until = new Date("2026-11-23T04:00:00Z");
    const query = tradesQuery(since, until, "filled", everything);
    expect(query).toEqual({ since, until, limit: 1000 });
  });

  test("asks for more when a veto's code is to be chosen here", () => {
    const focus = { strategy: "momentum", symbol: "INFY", stage: stage("vetoed", "cooldown") };
    expect(tradesQuery(since, null, "all", focus)).toEqual({
      since,
      outcome: ["vetoed"],
      strategy: "momentum",
      symbol: "INFY",
      limit: 1000,
    });
  });

  test("is not put when nothing can be in both the group and the stage", () => {
    const focus = { ...everything, stage: stage("vetoed") };
    expect(tradesQuery(since, null, "filled", focus)).toBeNull();
  });
});

describe("outcomes in words", () => {
  test("say why something was vetoed, rejected or ended", () => {
    expect(outcomeWords(vetoedTrade("cooldown"))).toEqual({
      word: "vetoed: cooling down",
      tone: "warn",
      why: "because of cooldown",
    });
    const reject = { code: null, reason: "RMS: margin exceeds", order_id: "O1" };
    expect(outcomeWords(trade({ outcome: "rejected", reject })).word).toBe(
      "rejected: RMS: margin exceeds",
    );
    const ended = trade({ outcome: "cancelled", end_reason: "square_off" });
    expect(outcomeWords(ended).word).toBe("cancelled: square-off time");
    expect(outcomeWords(filledTrade()).word).toBe("filled");
  });

  test("read a code nobody knows as it is written, and its absence as that", () => {
    expect(reasonWords("sun_spots")).toBe("sun spots");
    expect(reasonWords(null)).toBe("no reason given");
    expect(reasonWords("constructor")).toBe("constructor");
  });
});
