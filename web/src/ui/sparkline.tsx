// A small line of the last figures; its newest is told in words beside it.
import type { ReactNode } from "react";

export function Sparkline({ values, label }: { values: readonly number[]; label: string }): ReactNode {
  const width = 72;
  const height = 18;
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values
    .map((value, index) => `${(index * step).toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`)
    .join(" ");
  return (
    <svg className="sparkline" width={width} height={height} role="img" aria-label={label}>
      <polyline points={points} />
    </svg>
  );
}
