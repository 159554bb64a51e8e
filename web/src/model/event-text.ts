// What an event says in a few words: of what it tells, what happened, and the figures that matter.
// A publisher may send anything under any type, so nothing of a payload is taken for granted.
import type { DeskEvent } from "./event.js";
import {
  clip,
  type EventText,
  MAX_WORDS,
  otherFields,
  plain,
  type Say,
  sentence,
} from "./event-words.js";
import { DESK_WORDS } from "./event-text-desk.js";
import { MARKET_WORDS } from "./event-text-market.js";
import { type Payload, text } from "./payload.js";

export type { EventText, Tone } from "./event-words.js";

const WORDS: ReadonlyMap<string, Say> = new Map([...DESK_WORDS, ...MARKET_WORDS]);

export function eventText(event: DeskEvent): EventText {
  const said = (WORDS.get(event.type) ?? other)(event.payload);
  return {
    subject: plain(clip(said.subject, MAX_WORDS)),
    what: plain(clip(said.what, MAX_WORDS)),
    tone: said.tone,
    details: plain(said.details),
  };
}

const SUBJECTS = ["symbol", "engine_name", "strategy", "strategy_name", "name", "exchange"];
const HAPPENINGS = ["status", "state", "signal", "decision", "phase", "side", "action", "level"];

/** A type of the publisher's own: what looks like its subject, then its first fields. */
function other(payload: Payload): EventText {
  const subject = SUBJECTS.find((name) => text(payload, name) !== null);
  const what = HAPPENINGS.find((name) => text(payload, name) !== null);
  const used = new Set([subject, what]);
  return {
    subject: subject === undefined ? "" : (text(payload, subject) ?? ""),
    what: what === undefined ? "" : (text(payload, what) ?? ""),
    tone: "",
    details: sentence(otherFields(payload, (name) => !used.has(name))),
  };
}
