import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Trades(): ReactNode {
  return <Panel title="Order lifecycle" name="trades" empty="–" />;
}
