// A modal: the browser's own, so that focus stays in it and Escape closes it.
import { type ReactNode, useEffect, useId, useRef } from "react";

interface DialogProps {
  title: string;
  name: string;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, name, onClose, children }: DialogProps): ReactNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    element.current?.showModal();
  }, []);
  // By the browser: it gives the focus back to where it was.
  const close = (): void => element.current?.close();
  return (
    <dialog
      ref={element}
      className={`dialog dialog-${name}`}
      data-dialog={name}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) element.current.close(); // beside it
      }}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" className="quiet" aria-label="Close" onClick={close}>
          ✕
        </button>
      </div>
      {children}
    </dialog>
  );
}
