import type { ReactNode } from "react";

import { Panel } from "../ui/panel.js";

export function Orders(): ReactNode {
  return <Panel title="Open orders" name="orders" empty="–" />;
}
