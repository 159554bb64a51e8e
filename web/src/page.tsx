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
import { Guarded } from "./ui/guarded.js";

export function Page(): ReactNode {
  return (
    <div className="page">
      <Guarded title="Strip" name="strip">
        <Strip />
      </Guarded>
      <main className="columns">
        <div className="column column-left">
          <Guarded title="Positions" name="positions">
            <Positions />
          </Guarded>
          <Guarded title="Open orders" name="orders">
            <Orders />
          </Guarded>
          <Guarded title="Order lifecycle" name="trades">
            <Trades />
          </Guarded>
        </div>
        <div className="column column-middle">
          <Guarded title="Chart" name="chart">
            <Chart />
          </Guarded>
          <Guarded title="Equity" name="equity">
            <Equity />
          </Guarded>
          <Guarded title="Tape" name="tape">
            <Tape />
          </Guarded>
        </div>
        <div className="column column-right">
          <Guarded title="Alerts" name="alerts">
            <Alerts />
          </Guarded>
          <Guarded title="Decision funnel" name="funnel">
            <Funnel />
          </Guarded>
          <Guarded title="Desk" name="desk">
            <DeskPanel />
          </Guarded>
        </div>
      </main>
      <Guarded title="Time" name="time-bar">
        <TimeBar />
      </Guarded>
      <Guarded title="Details" name="drawer">
        <Drawer />
      </Guarded>
      <Help />
    </div>
  );
}
