import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Positions(): ReactNode {
  return <Panel title="Positions" name="positions" empty="–" />;
}
