import type { ReactNode } from "react";

export function Strip(): ReactNode {
  return null;
}
