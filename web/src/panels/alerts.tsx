import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Alerts(): ReactNode {
  return <Panel title="Alerts" name="alerts" empty="–" />;
}
