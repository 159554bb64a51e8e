import { expect, it } from "vitest";

import { answersTo, COMMANDS, isTyped, targetsOf } from "../src/model/commands.js";
import type { Command, Engine } from "../src/model/desk-types.js";

function engine(name: string, engineId: string | null, mode: string, status = "active"): Engine {
  const key = `${name} ${engineId}`;
  const rest = { host: null, reason: null, metrics: {}, at: 0, receivedAt: 0, seq: 0 };
  return { key, name, engineId, mode, status, ...rest };
}

function command(id: string, changes: Partial<Command>): Command {
  const rest = { reason: null, by: null, requestId: null, at: 0 };
  return { id, command: "kill", target: "*", state: "done", ...rest, ...changes };
}

it("commands mean engines that trade and run, real money first", () => {
  const engines = [
    engine("ExecutionEngine", "paper-1", "paper"),
    engine("MarketDataEngine", "mde", "paper"),
    engine("ExecutionEngine", "live-1", "live"),
    engine("StrategyEngineV2", "gone", "live", "stopped"),
    engine("StrategyEngineV2", null, "live"),
  ];
  expect(targetsOf(engines).map(({ id }) => id)).toEqual(["live-1", "paper-1"]);
});

it("answers are those to this request, in their order, without the request", () => {
  const commands = [
    command("e-4", { requestId: "e-1", target: "b", at: 2 }),
    command("e-3", { requestId: "e-0", target: "c", at: 1 }),
    command("e-2", { requestId: "e-1", target: "a", state: "refused", at: 1 }),
    command("e-1", { state: "requested" }),
  ];
  expect(answersTo(commands, "e-1").map(({ target, state }) => `${target} ${state}`)).toEqual([
    "a refused",
    "b done",
  ]);
  expect(answersTo(commands, "e-9")).toEqual([]);
});

it("the guard opens for the whole word of the chosen command only", () => {
  expect(isTyped(" kill ", "KILL")).toBe(true);
  expect(isTyped("square_off", "SQUARE OFF")).toBe(true);
  expect(isTyped("KIL", "KILL")).toBe(false);
  expect(isTyped("", "KILL")).toBe(false);
  const words = COMMANDS.map(({ word }) => word);
  for (const kind of COMMANDS) {
    expect(words.filter((word) => isTyped(word, kind.word))).toEqual([kind.word]);
  }
});
