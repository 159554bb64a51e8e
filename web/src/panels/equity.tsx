import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Equity(): ReactNode {
  return <Panel title="Equity" name="equity" empty="–" />;
}
