// What the indicators were when it was decided.
import type { ReactNode } from "react";

import { UNKNOWN } from "../format.js";
import { word } from "../model/event-words.js";
import type { Payload } from "../model/payload.js";

/** More than these nobody decides on; the JSON has them all. */
const MAX_INDICATORS = 60;

export function Indicators({ indicators }: { indicators: Payload }): ReactNode {
  const all = Object.entries(indicators);
  if (all.length === 0) return null;
  return (
    <section className="drawer-part" aria-label="Indicators at the decision">
      <h3>Indicators at the decision</h3>
      <dl className="indicators" data-testid="drawer-indicators">
        {all.slice(0, MAX_INDICATORS).map(([name, value]) => (
          <div key={name}>
            <dt className="dim clip" title={name}>
              {name}
            </dt>
            <dd className="mono clip" title={word(value) ?? ""}>
              {word(value) ?? UNKNOWN}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
