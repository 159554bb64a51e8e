// The colours of indicators, without the charts' library, for what is there before it.
import type { IndicatorGroup } from "../model/chart-indicators.js";

/** How many colours `--line-N` there are for lines that stand for different things. */
export const LINE_COLOURS = 8;

/** N of each indicator: over the price all differ, and within each pane. */
export function lineColours(groups: readonly IndicatorGroup[]): Map<string, number> {
  const colours = new Map<string, number>();
  let onPrice = 0;
  for (const group of groups) {
    group.lines.forEach(({ name }, at) => {
      colours.set(name, ((group.onPrice ? onPrice : at) % LINE_COLOURS) + 1);
      onPrice += group.onPrice ? 1 : 0;
    });
  }
  return colours;
}
