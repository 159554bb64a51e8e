// The guarded switch: stops trading with a typed word, and shows what the engines say to it.
import "../styles/kill.css";

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

import type { Failure } from "../feed/protocol.js";
import { failureOf } from "../feed/failure.js";
import {
  ANSWER_WITHIN_MS,
  answersTo,
  type CommandKind,
  type CommandName,
  COMMANDS,
  isTyped,
  type Target,
  targetsOf,
} from "../model/commands.js";
import { flag } from "../model/payload.js";
import { useApp, useValue } from "../state/app.js";
import { useCaller } from "../state/caller.js";
import { Dialog } from "../ui/dialog.js";
import { useShortcut } from "../ui/shortcuts.js";

export function Kill(): ReactNode {
  const killed = useValue("killed");
  const live = useValue("shown").view.kind === "live";
  const caller = useCaller();
  const [open, setOpen] = useState(false);
  const barred = barredBy(live, caller?.mayCommand ?? null);
  const show = (): void => {
    if (barred === null) setOpen(true);
  };
  useShortcut("K", "Kill switch: stop trading", show);
  return (
    <div className="kill">
      {killed && <Killed />}
      <button
        type="button"
        className={killed ? "kill-button" : "kill-button danger"}
        aria-disabled={barred !== null}
        title={barred ?? (killed ? "Resume, flatten, … (Shift K)" : "Stop trading (Shift K)")}
        data-testid="kill"
        onClick={show}
      >
        {killed ? "RESUME…" : "KILL…"}
        {barred !== null && <span className="visually-hidden">: {barred}</span>}
      </button>
      {open && <CommandDialog first={killed ? "resume" : "kill"} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** New entries are blocked, and by whom. */
function Killed(): ReactNode {
  const engines = useValue("engines").filter(({ metrics }) => flag(metrics, "kill_switch"));
  const who = engines.map(({ engineId, name }) => engineId ?? name).join(", ");
  return (
    <strong className="killed" role="status" title={`Kill switch on: ${who}`} data-testid="killed">
      KILLED
    </strong>
  );
}

function barredBy(live: boolean, mayCommand: boolean | null): string | null {
  if (!live) return "Commands go to the present: go live first (l)";
  if (mayCommand === null) return "Waiting to hear from the server what you may do";
  return mayCommand ? null : "Commands need a key with the scope admin";
}

interface Sent {
  id: string;
  kind: CommandKind;
  target: string;
  at: number;
}

interface CommandDialogProps {
  first: CommandName;
  onClose: () => void;
}

function CommandDialog({ first, onClose }: CommandDialogProps): ReactNode {
  const [sent, setSent] = useState<Sent | null>(null);
  return (
    <Dialog title="Command the engines" name="kill" onClose={onClose}>
      {sent === null ? (
        <CommandForm first={first} onSent={setSent} />
      ) : (
        <Answers sent={sent} onAgain={() => setSent(null)} />
      )}
    </Dialog>
  );
}

interface CommandFormProps {
  first: CommandName;
  onSent: (sent: Sent) => void;
}

function CommandForm({ first, onSent }: CommandFormProps): ReactNode {
  const app = useApp();
  const killed = useValue("killed");
  const targets = targetsOf(useValue("engines"));
  const [name, setName] = useState<CommandName>(first);
  const [target, setTarget] = useState("*");
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const kinds = COMMANDS.filter((each) => killed || each.name !== "resume" || each.name === name);
  const kind = kinds.find((each) => each.name === name);
  if (kind === undefined) return null;
  const ready = isTyped(typed, kind.word) && !sending;
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!ready) return;
    setSending(true);
    setFailure(null);
    try {
      const words = reason.trim();
      const input = { command: name, target, ...(words === "" ? {} : { reason: words }) };
      const { id } = await app.client.command(input);
      onSent({ id, kind, target, at: Date.now() });
    } catch (error) {
      setFailure(failureOf(error));
      setSending(false);
      setTyped("");
    }
  };
  return (
    <form className="command" onSubmit={(event) => void send(event)}>
      <KindChoice
        kinds={kinds}
        chosen={name}
        onChoose={(next) => {
          setName(next);
          setTyped("");
        }}
      />
      <p className="command-does">{kind.does}</p>
      <TargetChoice targets={targets} target={target} onChoose={setTarget} />
      <label className="command-field">
        <span>Reason</span>
        <input
          value={reason}
          maxLength={500}
          placeholder="for the record"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <Guard kind={kind} typed={typed} ready={ready} sending={sending} onType={setTyped} />
      {failure !== null && (
        <p className="bad" role="alert">
          {failureSays(failure)}
        </p>
      )}
    </form>
  );
}

function KindChoice(props: {
  kinds: readonly CommandKind[];
  chosen: CommandName;
  onChoose: (name: CommandName) => void;
}): ReactNode {
  return (
    <fieldset className="command-kinds">
      <legend className="visually-hidden">Command</legend>
      {props.kinds.map(({ name, title }) => (
        <label key={name} className="command-kind">
          <input
            type="radio"
            name="command"
            value={name}
            checked={name === props.chosen}
            onChange={() => props.onChoose(name)}
          />
          {title}
        </label>
      ))}
    </fieldset>
  );
}

interface TargetChoiceProps {
  targets: readonly Target[];
  target: string;
  onChoose: (target: string) => void;
}

function TargetChoice({ targets, target, onChoose }: TargetChoiceProps): ReactNode {
  const meant = target === "*" ? targets : targets.filter(({ id }) => id === target);
  const ids = [...new Set(targets.map(({ id }) => id))];
  return (
    <>
      <label className="command-field">
        <span>Engines</span>
        <select value={target} onChange={(event) => onChoose(event.target.value)}>
          <option value="*">all (*)</option>
          {ids.map((id) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <ul className="command-meant" aria-label="Engines that are meant">
        {meant.length === 0 && <li className="warn">▲ No engine that trades is known here.</li>}
        {meant.map(({ id, engine, mode }) => (
          <li key={`${id} ${engine}`}>
            <span className={`mode-word ${mode ?? ""}`}>{mode ?? "no mode"}</span>
            <span className="clip" title={`${engine} (${id})`}>
              {id} <span className="dim">{engine}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

interface GuardProps {
  kind: CommandKind;
  typed: string;
  ready: boolean;
  sending: boolean;
  onType: (text: string) => void;
}

function Guard({ kind, typed, ready, sending, onType }: GuardProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  useEffect(() => input.current?.focus(), [kind]);
  return (
    <div className="command-guard">
      <label className="command-field">
        <span id={hint}>
          Type <strong className="mono">{kind.word}</strong>
        </span>
        <input
          ref={input}
          className="mono"
          value={typed}
          maxLength={20}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          data-testid="kill-word"
          onChange={(event) => onType(event.target.value)}
        />
      </label>
      <button type="submit" className="danger" disabled={!ready} data-testid="kill-send">
        {sending ? "Sending…" : kind.title}
      </button>
    </div>
  );
}

function Answers({ sent, onAgain }: { sent: Sent; onAgain: () => void }): ReactNode {
  const answers = answersTo(useValue("commands"), sent.id);
  const late = useLater(sent.at + ANSWER_WITHIN_MS);
  return (
    <div className="command-answers" data-testid="kill-answers">
      <p>
        <strong>{sent.kind.title}</strong> was sent to{" "}
        {sent.target === "*" ? "all engines" : sent.target}.
      </p>
      <ul aria-live="polite">
        {answers.map(({ id, target, state, reason }) => (
          <li key={id} data-state={state}>
            <span className={state === "done" ? "gain" : "bad"} aria-hidden="true">
              {state === "done" ? "✓" : "✖"}
            </span>
            <span>
              <strong>{target}</strong> {state}
              {reason !== null && <span className="dim">: {reason}</span>}
            </span>
          </li>
        ))}
        {answers.length === 0 && !late && <li className="dim">Waiting for the engines…</li>}
      </ul>
      {answers.length === 0 && late && (
        <p className="bad" role="alert">
          ✖ No engine has answered. Make sure at the broker; on the engine's own machine{" "}
          <code>tapedeck {sent.kind.name === "resume" ? "resume" : "kill"}</code> works without the
          server.
        </p>
      )}
      <button type="button" onClick={onAgain}>
        Another command
      </button>
    </div>
  );
}

/** Whether a moment has passed. */
function useLater(at: number): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), Math.max(0, at - Date.now()));
    return () => clearTimeout(timer);
  }, [at]);
  return later;
}

function failureSays({ status, code, message }: Failure): string {
  if (status === 401) return "You are not logged in (any more): log in and try again.";
  if (status === 403) return `Not allowed: commands need the scope admin. ${message}`;
  if (code === "network" || code === "timeout") {
    return `No answer from the server: ${message} The command may have been obeyed all the same.`;
  }
  return `The command was not taken: ${message}`;
}
