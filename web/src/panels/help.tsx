// The help sheet: what the page is, and every shortcut there is.
import "../styles/help.css";

import type { ReactNode } from "react";

import { Store, useStored } from "../state/store.js";
import { Dialog } from "../ui/dialog.js";
import { type Shortcut, useShortcut, useShortcuts } from "../ui/shortcuts.js";

const sheet = new Store({ open: false });

export function openHelp(): void {
  sheet.set({ open: true });
}

export function Help(): ReactNode {
  const open = useStored(sheet, "open");
  useShortcut("?", "This help", openHelp);
  return open ? <Sheet /> : null;
}

function Sheet(): ReactNode {
  const shortcuts = useShortcuts();
  return (
    <Dialog title="Tapedeck" name="help" onClose={() => sheet.set({ open: false })}>
      <p>
        What the engines do, as they do it. Click a row for the whole chain of its trade; click a
        stage, strategy or symbol and everything narrows to it.
      </p>
      <p className="dim">
        The bar at the bottom takes every panel to another moment and plays it back. The address
        holds what is shown: copy it, and somebody else sees the same. Times are IST.
      </p>
      <table className="shortcuts">
        <caption>Keyboard shortcuts</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Does</th>
          </tr>
        </thead>
        <tbody>
          {distinct(shortcuts).map(({ key, does }) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{keyName(key)}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}

function distinct(shortcuts: readonly Shortcut[]): Shortcut[] {
  return [...new Map(shortcuts.map((each) => [each.key, each])).values()];
}

function keyName(key: string): string {
  if (key === " ") return "Space";
  if (/^[A-Z]$/.test(key)) return `Shift ${key}`;
  return key.replace(/^Arrow/, "");
}
