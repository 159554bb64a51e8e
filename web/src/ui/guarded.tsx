// What a panel that throws takes with it: itself, not the page. It says so in its place, and is
// tried again on request, after a jump in time and after a reconnect.
import { Component, type ReactNode } from "react";

import { failureOf } from "../feed/failure.js";
import { useValue } from "../state/app.js";
import { Panel } from "./panel.js";

interface GuardedProps {
  title: string;
  name: string;
  children: ReactNode;
}

export function Guarded(props: GuardedProps): ReactNode {
  return <Boundary {...props} again={useValue("refresh")} />;
}

interface BoundaryProps extends GuardedProps {
  /** With another number what failed is tried again. */
  again: number;
}

interface Caught {
  failure: string | null;
  again: number;
}

/** React tells of what its children throw to classes only. */
class Boundary extends Component<BoundaryProps, Caught> {
  override state: Caught = { failure: null, again: this.props.again };

  static getDerivedStateFromError(error: unknown): Partial<Caught> {
    return { failure: failureOf(error).message };
  }

  static getDerivedStateFromProps(props: BoundaryProps, state: Caught): Partial<Caught> | null {
    return props.again === state.again ? null : { failure: null, again: props.again };
  }

  override render(): ReactNode {
    const { title, name, children } = this.props;
    const { failure } = this.state;
    if (failure === null) return children;
    return (
      <Panel
        title={title}
        name={name}
        data="asked"
        error={`This part of the page has failed (${failure}); the others go on.`}
        actions={
          <button type="button" onClick={() => this.setState({ failure: null })}>
            Try again
          </button>
        }
      />
    );
  }
}
