// Positions by who holds them: strategy, account and mode. Paper and live are never summed.
import type { Position } from "./desk-types.js";

export interface PositionGroup {
  key: string;
  strategy: string | null;
  account: string | null;
  mode: string | null;
  positions: Position[];
}

export function groupPositions(positions: readonly Position[]): PositionGroup[] {
  const groups = new Map<string, PositionGroup>();
  for (const position of positions) {
    const { strategy, account, mode } = position;
    const key = JSON.stringify([mode, account, strategy]);
    const group = groups.get(key) ?? { key, strategy, account, mode, positions: [] };
    group.positions.push(position);
    groups.set(key, group);
  }
  // By name, not by P&L: a row that is looked at must not jump.
  const sorted = [...groups.values()].sort((a, b) => a.key.localeCompare(b.key));
  for (const group of sorted) group.positions.sort(openFirstThenByName);
  return sorted;
}

/** Of what is known; null when nothing is. */
export function sumOf(
  positions: readonly Position[],
  figure: "unrealizedPnl" | "realizedPnl" | "dayPnl" | "charges",
): number | null {
  const known = positions.flatMap((position) => position[figure] ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function openFirstThenByName(a: Position, b: Position): number {
  const closed = Number(a.size === 0) - Number(b.size === 0);
  return closed || a.symbol.localeCompare(b.symbol) || a.key.localeCompare(b.key);
}
