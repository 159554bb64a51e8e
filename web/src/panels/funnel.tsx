import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Funnel(): ReactNode {
  return <Panel title="Decision funnel" name="funnel" empty="–" />;
}
