// One figure of the strip.
import type { ReactNode } from "react";

/** A label above what it names. */
export function Cell(props: {
  name: string;
  label: ReactNode;
  title?: string | undefined;
  children: ReactNode;
}): ReactNode {
  const { name, label, title, children } = props;
  return (
    <div className={`cell cell-${name}`} data-cell={name} title={title}>
      <span className="cell-label">{label}</span>
      <span className="cell-value">{children}</span>
    </div>
  );
}
