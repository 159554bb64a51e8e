// Commands to engines: what each does, whom it means, what came back.
import type { Command, Engine } from "./desk-types.js";
import { byMode } from "./strip.js";

export type CommandName = "kill" | "resume" | "flatten" | "square_off";

export interface CommandKind {
  name: CommandName;
  title: string;
  /** What has to be typed before it can be sent. */
  word: string;
  does: string;
}

export const COMMANDS: readonly CommandKind[] = [
  {
    name: "kill",
    title: "Kill",
    word: "KILL",
    does:
      "Cancels every order at work and blocks new entries. Positions stay open; orders that " +
      "reduce them stay possible.",
  },
  {
    name: "flatten",
    title: "Flatten",
    word: "FLATTEN",
    does: "Cancels every order at work and closes every position at market.",
  },
  {
    name: "square_off",
    title: "Square off",
    word: "SQUARE OFF",
    does: "Cancels every order at work and closes every intraday (MIS) position at market.",
  },
  {
    name: "resume",
    title: "Resume",
    word: "RESUME",
    does: "Takes a kill back: new entries are possible again.",
  },
];

/** Engines that trade, and so can obey: the others have nothing to cancel. */
const OBEYS = new Set(["ExecutionEngine", "StrategyEngineV2"]);
/** So long an engine may take before the page says that nothing answers. */
export const ANSWER_WITHIN_MS = 5000;

export interface Target {
  id: string;
  engine: string;
  mode: string | null;
}

/** Engines a command can be sent to, real money first. */
export function targetsOf(engines: readonly Engine[]): Target[] {
  return engines
    .flatMap(({ name, engineId, mode, status }) =>
      engineId === null || !OBEYS.has(name) || status === "stopped"
        ? []
        : [{ id: engineId, engine: name, mode }],
    )
    .sort((a, b) => byMode(a.mode, b.mode) || a.id.localeCompare(b.id));
}

/** What engines said to a request, in the order they said it. */
export function answersTo(commands: readonly Command[], requestId: string): Command[] {
  return commands
    .filter((command) => command.requestId === requestId && command.state !== "requested")
    .sort((a, b) => a.at - b.at || a.target.localeCompare(b.target));
}

/** Capitals and single spaces are not what the guard is about. */
export function isTyped(text: string, word: string): boolean {
  return text.trim().replace(/[\s_]+/g, " ").toUpperCase() === word;
}
