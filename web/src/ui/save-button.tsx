// Saves what a panel shows as CSV.
import type { ReactNode } from "react";

import { csv, saveText } from "./download.js";

interface SaveButtonProps {
  /** Names the file, and says what is saved. */
  name: string;
  rows: () => (string | number | null)[][];
  disabled: boolean;
}

export function SaveButton({ name, rows, disabled }: SaveButtonProps): ReactNode {
  return (
    <button
      type="button"
      className="quiet"
      title="Save as CSV"
      aria-label={`Save ${name} as CSV`}
      disabled={disabled}
      onClick={() => saveText(`${name.replaceAll(" ", "-")}.csv`, "text/csv", csv(rows()))}
    >
      ⤓
    </button>
  );
}
