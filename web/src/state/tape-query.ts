// What the tape asks the server for: its own filter, and what everything is narrowed to.
import type { TapeQuery } from "../feed/protocol.js";
import type { Focus, Shown, Stage } from "./location.js";

/** The events of a stage of the decision funnel. */
export function stageQuery(stage: Stage): { types: string[]; filter: string } {
  switch (stage.name) {
    case "scanned":
      return { types: ["universe_scan", "universe_summary"], filter: "" };
    case "evaluated":
      return { types: ["decision_trace"], filter: "" };
    case "signalled":
      return { types: ["signal_event"], filter: "" };
    case "vetoed": {
      const code = stage.vetoCode;
      const which =
        code === null ? "" : ` && payload.trace_data.veto_code == ${JSON.stringify(code)}`;
      return { types: ["decision_trace"], filter: `payload.decision == "VETO"${which}` };
    }
    case "ordered":
      return { types: ["order_event"], filter: "" };
    case "filled":
      return { types: ["order_event"], filter: "has(payload.fill_id)" };
  }
}

export function tapeQueryOf(shown: Shown): TapeQuery {
  const { focus } = shown;
  const stage = focus.stage === null ? null : stageQuery(focus.stage);
  const types = shown.types.length > 0 ? shown.types : (stage?.types ?? []);
  const parts = [stage?.filter ?? "", shown.filter].filter((part) => part !== "");
  // The bare expression alone, so that a mistake's column is that of what was typed.
  const filter = parts.length === 1 ? parts[0] : parts.map((part) => `(${part})`).join(" && ");
  return {
    ...(types.length > 0 ? { event_type: types } : {}),
    ...(focus.symbol === null ? {} : { symbol: focus.symbol }),
    ...(focus.strategy === null ? {} : { strategy: focus.strategy }),
    ...(filter === undefined || filter === "" ? {} : { filter }),
  };
}

/** Whether something of a strategy and a symbol is within what everything is narrowed to. */
export function inFocus(
  focus: Focus,
  row: { strategy?: string | null; symbol?: string | null },
): boolean {
  return (
    (focus.strategy === null || row.strategy === focus.strategy) &&
    (focus.symbol === null || row.symbol === focus.symbol)
  );
}
