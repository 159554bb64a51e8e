// What everything is narrowed to, and the link to what is shown.
import { type ReactNode, useEffect, useState } from "react";

import { DEFAULT_SHOWN, type Focus, stageText } from "../state/location.js";
import { useApp, useValue } from "../state/app.js";
import { useShortcut } from "../ui/shortcuts.js";

const TOLD_MS = 2000;

export function FocusChips(): ReactNode {
  const app = useApp();
  const { focus } = useValue("shown");
  const chips = chipsOf(focus);
  const clear = (): void => app.focus(DEFAULT_SHOWN.focus);
  useShortcut("x", "Show everything again", clear);
  if (chips.length === 0) return <div className="focus-chips" />;
  return (
    <div className="focus-chips" role="group" aria-label="Narrowed to" data-testid="focus">
      {chips.map(({ name, word, value }) => (
        <span key={name} className="chip" title={`${word} ${value}`}>
          <span className="dim">{word}</span>
          <span className="chip-value">{value}</span>
          <button
            type="button"
            className="quiet"
            aria-label={`No longer only ${word} ${value}`}
            onClick={() => app.focus({ [name]: null })}
          >
            ✕
          </button>
        </span>
      ))}
      <button type="button" className="quiet" title="Show everything (x)" onClick={clear}>
        Clear all
      </button>
    </div>
  );
}

function chipsOf(focus: Focus): { name: keyof Focus; word: string; value: string }[] {
  const { strategy, symbol, stage } = focus;
  return [
    { name: "strategy" as const, word: "strategy", value: strategy },
    { name: "symbol" as const, word: "symbol", value: symbol },
    { name: "stage" as const, word: "stage", value: stage === null ? null : stageText(stage) },
  ].flatMap(({ value, ...rest }) => (value === null ? [] : [{ ...rest, value }]));
}

export function CopyLink(): ReactNode {
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => {
    if (told === null) return undefined;
    const timer = setTimeout(() => setTold(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      setTold("Copied ✓");
    } catch {
      setTold("See address"); // pages have a clipboard on https and loopback only
    }
  };
  return (
    <button
      type="button"
      className="copy-link"
      title="Copy the address of what is shown"
      aria-label="Copy link"
      data-testid="copy-link"
      onClick={() => void copy()}
    >
      <LinkIcon />
      <span className="copy-text">{told ?? "Copy link"}</span>
      <span className="visually-hidden" role="status">
        {told}
      </span>
    </button>
  );
}

/** Drawn, since fonts do not agree on a sign for it. */
function LinkIcon(): ReactNode {
  return (
    <svg className="link-icon" width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M6.5 9.5l3-3" />
      <path d="M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9" />
      <path d="M9 11.5L7.5 13A3 3 0 0 1 3 8.5L4.5 7" />
    </svg>
  );
}
