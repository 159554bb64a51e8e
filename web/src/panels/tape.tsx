import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Tape(): ReactNode {
  return <Panel title="Tape" name="tape" empty="–" />;
}
