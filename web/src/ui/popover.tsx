// Something small that a button opens over the page: the browser's own popover, so that Escape and
// a click beside it close it, and nothing clips it.
import { type ReactNode, type ToggleEvent, useId, useRef, useState } from "react";

interface PopoverProps {
  /** What it is, for its title and who cannot see it. */
  label: string;
  /** On the button: it is called by this. */
  button: ReactNode;
  /** Names both for tests. */
  name: string;
  className?: string;
  /** Made when it opens. */
  children: (close: () => void) => ReactNode;
}

const GAP = 4;
const EDGE = 8;
const WIDTH = 260;

interface Place {
  left: number;
  top: string;
  bottom: string;
  maxHeight: number;
}

/** Below the button, or above where there is more room. */
function placeBeside(button: HTMLElement): Place {
  const box = button.getBoundingClientRect();
  const below = innerHeight - box.bottom - GAP - EDGE;
  const above = box.top - GAP - EDGE;
  const left = Math.max(EDGE, Math.min(box.left, innerWidth - WIDTH - EDGE));
  return below >= above
    ? { left, top: `${String(box.bottom + GAP)}px`, bottom: "auto", maxHeight: below }
    : { left, top: "auto", bottom: `${String(innerHeight - box.top + GAP)}px`, maxHeight: above };
}

export function Popover(props: PopoverProps): ReactNode {
  const { label, button, name, className, children } = props;
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const sheet = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place | null>(null);
  const onToggle = (event: ToggleEvent): void => {
    const open = event.newState === "open" && opener.current !== null;
    setPlace(open && opener.current !== null ? placeBeside(opener.current) : null);
  };
  return (
    <>
      <button
        ref={opener}
        type="button"
        className={className}
        popoverTarget={id}
        title={label}
        aria-expanded={place !== null}
        data-testid={`${name}-button`}
      >
        {button}
      </button>
      <div
        ref={sheet}
        id={id}
        popover="auto"
        role="group"
        aria-label={label}
        className="popover"
        data-testid={name}
        style={place === null ? undefined : { ...place, width: WIDTH }}
        onToggle={onToggle}
      >
        {place !== null && children(() => sheet.current?.hidePopover())}
      </div>
    </>
  );
}
