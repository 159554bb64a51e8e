// The strip at the top: three seconds to know how things are. Each part reads its own values.
import "../styles/strip.css";

import type { ReactNode } from "react";

import { useValue } from "../state/app.js";
import { useShortcut } from "../ui/shortcuts.js";
import { toggleTheme, useTheme } from "../ui/theme.js";
import { useVeil } from "../ui/veil.js";
import { openHelp } from "./help.js";
import { Kill } from "./kill.js";
import { MarketClock, ModeBadge, PastMark } from "./strip-clock.js";
import { Connection, Engines, FeedAgeCell, Stream } from "./strip-health.js";
import { Money } from "./strip-money.js";

export function Strip(): ReactNode {
  const live = useValue("shown").view.kind === "live";
  const veil = useVeil();
  return (
    <header className={live ? "strip" : "strip past"} data-panel="strip">
      <h1 className="logo" title="Tapedeck">
        <span aria-hidden="true">▚ </span>
        <span className="logo-name">Tapedeck</span>
      </h1>
      <PastMark />
      <div className="strip-data">
        <ModeBadge />
        <MarketClock />
        <Money />
        <FeedAgeCell />
        <Engines />
        <Stream />
        {veil !== null && (
          <p className="veil" data-testid="veil">
            <span>{veil}</span>
          </p>
        )}
      </div>
      <Connection />
      <Kill />
      <Buttons />
    </header>
  );
}

function Buttons(): ReactNode {
  const dark = useTheme() === "dark";
  useShortcut("d", "Dark or light", toggleTheme);
  return (
    <div className="strip-buttons">
      <button
        type="button"
        className="quiet"
        aria-label={dark ? "Light theme" : "Dark theme"}
        title={`${dark ? "Light" : "Dark"} theme (d)`}
        data-testid="theme"
        onClick={toggleTheme}
      >
        {dark ? "☀" : "☾"}
      </button>
      <button
        type="button"
        className="quiet"
        aria-label="Help and shortcuts"
        title="Help and shortcuts (?)"
        data-testid="help"
        onClick={openHelp}
      >
        ?
      </button>
    </div>
  );
}
