// What the engines work with: strategies, feeds, the universe.
import "../styles/desk.css";

import { type ReactNode, useState } from "react";

import { useValue } from "../state/app.js";
import { Panel } from "../ui/panel.js";
import { Tabs } from "../ui/tabs.js";
import { Feeds, FeedsSave } from "./feeds.js";
import { Strategies, StrategiesSave } from "./strategies.js";
import { Universe, UniverseSave } from "./universe.js";

type TabName = "strategies" | "feeds" | "universe";

export function DeskPanel(): ReactNode {
  const [tab, setTab] = useState<TabName>("strategies");
  return (
    <Panel
      title="Desk"
      name="desk"
      actions={
        <>
          <Tabs<TabName>
            label="Of the desk"
            chosen={tab}
            onChoose={setTab}
            tabs={[
              { name: "strategies", title: "Strategies" },
              { name: "feeds", title: <FeedsTitle /> },
              { name: "universe", title: "Universe" },
            ]}
          />
          {tab === "strategies" && <StrategiesSave />}
          {tab === "feeds" && <FeedsSave />}
          {tab === "universe" && <UniverseSave />}
        </>
      }
    >
      {tab === "strategies" && <Strategies />}
      {tab === "feeds" && <Feeds />}
      {tab === "universe" && <Universe />}
    </Panel>
  );
}

function FeedsTitle(): ReactNode {
  const { staleCount, stale } = useValue("feed");
  const silent = staleCount ?? stale.length;
  return silent === 0 ? "Feeds" : <span className="warn">Feeds ⚠ {silent}</span>;
}
