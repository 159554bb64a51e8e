// Saving what the tape shows: all of the day that matches, from the server, or the rows here.
import type { ReactNode } from "react";

import type { TapeQuery } from "../feed/protocol.js";
import { count, istDate, startOfIstDay } from "../format.js";
import { exportAddress } from "../model/export-address.js";
import { useValue } from "../state/app.js";
import type { TapeView } from "../state/tape-model.js";
import { saveText } from "../ui/download.js";
import { Popover } from "../ui/popover.js";
import { useDeskNow } from "../ui/use-desk-now.js";

interface TapeExportProps {
  view: TapeView;
  query: TapeQuery;
}

export function TapeExport(props: TapeExportProps): ReactNode {
  return (
    <Popover
      label="Save the tape"
      name="tape-export"
      className="quiet"
      button={
        <>
          <span className="visually-hidden">Save the tape</span>
          <span aria-hidden="true">⤓</span>
        </>
      }
    >
      {(close) => <Choice {...props} close={close} />}
    </Popover>
  );
}

function Choice({ view, query, close }: TapeExportProps & { close: () => void }): ReactNode {
  const now = useDeskNow();
  const live = useValue("shown").view.kind === "live";
  const day = istDate(now);
  const range = { since: startOfIstDay(now), until: live ? null : now };
  const save = (): void => {
    saveText(`tape-${day}.ndjson`, "application/x-ndjson", `${view.lines().join("\n")}\n`);
    close();
  };
  return (
    <>
      <p className="dim">
        Every event of {day}
        {Object.keys(query).length > 0 && " that matches"}
        {live ? "" : ", up to the moment shown"}
      </p>
      <p className="tape-export-links">
        {(["csv", "ndjson"] as const).map((format) => (
          <a
            key={format}
            href={exportAddress(format, query, range)}
            download={`tape-${day}.${format}`}
            data-testid={`export-${format}`}
            onClick={close}
          >
            {format.toUpperCase()}
          </a>
        ))}
      </p>
      <p className="dim">The {count(view.length)} rows that are here</p>
      <p className="tape-export-links">
        <button type="button" disabled={view.length === 0} onClick={save} data-testid="export-rows">
          NDJSON
        </button>
      </p>
    </>
  );
}
