import type { ReactNode } from "react";

export function Help(): ReactNode {
  return null;
}
