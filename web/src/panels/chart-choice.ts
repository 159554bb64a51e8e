// Which indicators are drawn, and as which strategy saw them; kept in the browser.
import { useMemo, useState } from "react";

import { type IndicatorGroup, indicatorGroups } from "../model/chart-indicators.js";
import { useValue } from "../state/app.js";

const NAME = "tapedeck-indicators";
const DEFAULT = ["ema_20", "ema_50", "vwap"];
const MAX_CHOSEN = 40;
/** More would leave no room for the price. */
const MAX_PANES = 3;

export interface IndicatorChoice {
  strategies: readonly (string | null)[];
  /** Undefined: there are none. */
  strategy: string | null | undefined;
  setStrategy: (strategy: string | null) => void;
  groups: readonly IndicatorGroup[];
  chosen: readonly IndicatorGroup[];
  isChosen: (key: string) => boolean;
  hasRoom: (key: string) => boolean;
  toggle: (key: string) => void;
}

export function useIndicatorChoice(
  sources: readonly { strategy: string | null; names: string[] }[],
): IndicatorChoice {
  const { focus } = useValue("shown");
  const [keys, setKeys] = useState(saved);
  const [wanted, setWanted] = useState<string | null>(null);
  const source =
    sources.find(({ strategy }) => strategy === (focus.strategy ?? wanted)) ?? sources[0];
  const groups = useMemo(() => indicatorGroups(source?.names ?? []), [source]);
  const chosen = groups.filter(({ key }) => keys.includes(key));
  const panes = chosen.filter(({ onPrice }) => !onPrice);
  const toggle = (key: string): void => {
    const next = keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key];
    setKeys(next.slice(-MAX_CHOSEN));
    save(next.slice(-MAX_CHOSEN));
  };
  return {
    strategies: sources.map(({ strategy }) => strategy),
    strategy: source?.strategy,
    setStrategy: setWanted,
    groups,
    chosen: chosen.filter((group) => group.onPrice || panes.indexOf(group) < MAX_PANES),
    isChosen: (key) => keys.includes(key),
    hasRoom: (key) =>
      panes.length < MAX_PANES || groups.some((group) => group.key === key && group.onPrice),
    toggle,
  };
}

function saved(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(NAME) ?? "null");
    return Array.isArray(value) ? value.filter((key) => typeof key === "string") : DEFAULT;
  } catch {
    return DEFAULT; // storage may be forbidden, or hold something else
  }
}

function save(keys: readonly string[]): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(keys));
  } catch {
    // It then holds until the page is left.
  }
}
