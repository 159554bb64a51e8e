// The page: a strip that tells the state of things, three columns of panels, the time bar.
import type { ReactNode } from "react";

import { Alerts } from "./panels/alerts.js";
import { Chart } from "./panels/chart.js";
import { DeskPanel } from "./panels/desk.js";
import { Drawer } from "./panels/drawer.js";
import { Equity } from "./panels/equity.js";
import { Funnel } from "./panels/funnel.js";
import { Help } from "./panels/help.js";
import { Orders } from "./panels/orders.js";
import { Positions } from "./panels/positions.js";
import { Strip } from "./panels/strip.js";
import { Tape } from "./panels/tape.js";
import { TimeBar } from "./panels/time-bar.js";
import { Trades } from "./panels/trades.js";

export function Page(): ReactNode {
  return (
    <div className="page">
      <Strip />
      <main className="columns">
        <div className="column column-left">
          <Positions />
          <Orders />
          <Trades />
        </div>
        <div className="column column-middle">
          <Chart />
          <Equity />
          <Tape />
        </div>
        <div className="column column-right">
          <Alerts />
          <Funnel />
          <DeskPanel />
        </div>
      </main>
      <TimeBar />
      <Drawer />
      <Help />
    </div>
  );
}
