// Profit and loss: told by sign and shape, and by colour for those who see it.
import type { ReactNode } from "react";

import { arrow, signedRupees } from "../format.js";

export function tone(value: number | null): string {
  if (value === null || Math.abs(value) < 0.5) return "flat";
  return value > 0 ? "gain" : "loss";
}

export function Pnl({ value, title }: { value: number | null; title?: string }): ReactNode {
  return (
    <span className={`pnl ${tone(value)}`} title={title}>
      <span className="arrow" aria-hidden="true">
        {arrow(value)}
      </span>
      {signedRupees(value)}
    </span>
  );
}
