import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function DeskPanel(): ReactNode {
  return <Panel title="Desk" name="desk" empty="–" />;
}
