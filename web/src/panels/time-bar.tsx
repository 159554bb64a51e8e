import type { ReactNode } from "react";

export function TimeBar(): ReactNode {
  return null;
}
