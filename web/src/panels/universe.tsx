// What may be traded: the last scan of each kind, and how it differed from the one before.
import type { ReactNode } from "react";

import { count, istMoment } from "../format.js";
import type { UniverseScan } from "../model/desk-types.js";
import { useValue } from "../state/app.js";
import { SaveButton } from "../ui/save-button.js";
import { useDeskNow } from "../ui/use-desk-now.js";

export function Universe(): ReactNode {
  const scans = useValue("universe");
  const loaded = useValue("loaded");
  return (
    <div className="desk-tab desk-rows" role="tabpanel" aria-label="Universe" tabIndex={0}>
      {scans.map((scan) => (
        <Scan key={scan.key} scan={scan} />
      ))}
      {scans.length === 0 && (
        <p className="panel-empty">{loaded ? "Nothing has been scanned." : "Loading…"}</p>
      )}
    </div>
  );
}

export function UniverseSave(): ReactNode {
  const scans = useValue("universe");
  return (
    <SaveButton name="universe" disabled={scans.length === 0} rows={() => universeTable(scans)} />
  );
}

function universeTable(scans: readonly UniverseScan[]): (string | number | null)[][] {
  return [
    ["scan_type", "exchange", "scanned_at", "size", "counts", "added", "removed"],
    ...scans.map((scan) => [
      scan.scanType,
      scan.exchange,
      new Date(scan.at).toISOString(),
      scan.size,
      Object.entries(scan.counts)
        .map(([type, size]) => `${type} ${size}`)
        .join(", "),
      scan.added.join(" "),
      scan.removed.join(" "),
    ]),
  ];
}

function Scan({ scan }: { scan: UniverseScan }): ReactNode {
  const now = useDeskNow();
  return (
    <section className="scan" data-testid="scan">
      <h3>
        {scan.exchange ?? "no exchange"} <span className="dim">{scan.scanType}</span>
        <span className="scan-size">{count(scan.size)}</span>
      </h3>
      <p className="dim">scanned {istMoment(scan.at, now)} IST</p>
      <p className="scan-counts">
        {Object.entries(scan.counts).map(([type, size]) => (
          <span key={type} className="chip">
            <span className="dim">{type}</span> {count(size)}
          </span>
        ))}
      </p>
      <Names title="added" sign="+" names={scan.added} total={scan.addedCount} />
      <Names title="removed" sign="−" names={scan.removed} total={scan.removedCount} />
    </section>
  );
}

interface NamesProps {
  title: string;
  sign: string;
  names: readonly string[];
  /** Only the first are named when there are many. */
  total: number | null;
}

function Names({ title, sign, names, total }: NamesProps): ReactNode {
  const all = total ?? names.length;
  const heading = `${sign}${count(all)} ${title}`;
  if (names.length === 0) return <p className="dim">{heading}</p>;
  const unnamed = all - names.length;
  return (
    <details>
      <summary className="clip">
        {heading} <span className="dim">{names.slice(0, 12).join(", ")}</span>
      </summary>
      <p className="scan-names">
        {names.join(", ")}
        {unnamed > 0 && <span className="dim"> and {count(unnamed)} more</span>}
      </p>
    </details>
  );
}
