// What the engines work with: strategies, feeds, the universe.
import "../styles/desk.css";

import type { ReactNode } from "react";

import { useValue } from "../state/app.js";
import { useChoice } from "../state/use-choice.js";
import { Panel } from "../ui/panel.js";
import { Tabs } from "../ui/tabs.js";
import { Feeds, FeedsSave } from "./feeds.js";
import { Strategies, StrategiesSave } from "./strategies.js";
import { Universe, UniverseSave } from "./universe.js";

const TABS = ["strategies", "feeds", "universe"] as const;
type TabName = (typeof TABS)[number];

export function DeskPanel(): ReactNode {
  const [chosen, choose] = useChoice("desk");
  const tab: TabName = TABS.find((name) => name === chosen) ?? "strategies";
  return (
    <Panel
      title="Desk"
      name="desk"
      actions={
        <>
          <Tabs<TabName>
            label="Of the desk"
            chosen={tab}
            onChoose={(name) => choose(name === "strategies" ? null : name)}
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
