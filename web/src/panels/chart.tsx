import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Chart(): ReactNode {
  return <Panel title="Chart" name="chart" empty="–" />;
}
