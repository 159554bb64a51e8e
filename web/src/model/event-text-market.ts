// Words for what the market, its feeds, the universe, alerts and the bus tell.
import { count, duration, istMinute, istTime } from "../format.js";
import {
  counted,
  type EventText,
  list,
  named,
  otherFields,
  priceText,
  type Say,
  sentence,
  strategyOf,
  texted,
  type Tone,
  word,
} from "./event-words.js";
import { moment, number, object, type Payload, text, texts } from "./payload.js";

function candle(payload: Payload): EventText {
  const open = number(payload, "open");
  const close = number(payload, "close");
  const change = open === null || close === null ? 0 : close - open;
  const start = moment(payload, "start");
  return {
    subject: texted(payload, "symbol"),
    what: texted(payload, "timeframe"),
    tone: "",
    details: sentence([
      start === null ? null : `from ${istMinute(start)}`,
      `${change > 0 ? "▲" : change < 0 ? "▼" : "="} ${priceText(close)}`,
      `open ${priceText(open)}`,
      `high ${priceText(number(payload, "high"))}`,
      `low ${priceText(number(payload, "low"))}`,
      named("volume", number(payload, "volume")),
    ]),
  };
}

function indicators(payload: Payload): EventText {
  return {
    subject: texted(payload, "symbol"),
    what: texted(payload, "timeframe"),
    tone: "",
    details: sentence([strategyOf(payload), ...otherFields(object(payload, "indicators"))]),
  };
}

const PHASE_TONES: Readonly<Record<string, Tone>> = {
  continuous: "accent",
  halted: "bad",
  closed: "dim",
};

function session(payload: Payload): EventText {
  const phase = texted(payload, "phase");
  const segment = text(payload, "segment");
  const group = text(payload, "group");
  return {
    subject: texted(payload, "exchange"),
    what: phase.replaceAll("_", " "),
    tone: Object.hasOwn(PHASE_TONES, phase) ? (PHASE_TONES[phase] ?? "") : "",
    details: sentence([segment, group === segment ? null : group]),
  };
}

/** `EQ 6, INDEX 1` */
function countsOf(counts: Payload): string | null {
  return list(
    Object.entries(counts).flatMap(([name, value]) => {
      const said = word(value);
      return said === null ? [] : [`${name} ${said}`];
    }),
  );
}

function changes(summary: Payload): string | null {
  const added = number(summary, "added_count") ?? texts(summary, "added").length;
  const removed = number(summary, "removed_count") ?? texts(summary, "removed").length;
  if (added === 0 && removed === 0) return "no change";
  const names = [
    ...texts(summary, "added").map((symbol) => `+${symbol}`),
    ...texts(summary, "removed").map((symbol) => `−${symbol}`),
  ];
  return sentence([`${count(added)} added, ${count(removed)} removed`, list(names)]);
}

function scan(payload: Payload): EventText {
  const summary = object(payload, "summary");
  return {
    subject: texted(payload, "scan_type"),
    what: counted(number(payload, "universe_size"), "instrument") ?? "",
    tone: "",
    details: sentence([
      text(summary, "exchange"),
      countsOf(object(summary, "counts")),
      changes(summary),
      text(summary, "session_date"),
    ]),
  };
}

function universe(payload: Payload): EventText {
  const summary = object(payload, "summary");
  return {
    subject: texted(payload, "universe_type"),
    what: counted(number(summary, "total"), "instrument") ?? "",
    tone: "",
    details: sentence([
      countsOf(object(summary, "by_exchange")),
      changes(summary),
      text(summary, "session_date"),
    ]),
  };
}

function lookupFailure(payload: Payload): EventText {
  const tried = text(payload, "exchange_tried");
  return {
    subject: texted(payload, "symbol"),
    what: "not found",
    tone: "warn",
    details: sentence([tried === null ? null : `looked for on ${tried}`, text(payload, "reason")]),
  };
}

function stale(payload: Payload): EventText {
  const value = payload["symbols"];
  const items: unknown[] = Array.isArray(value) ? value : [];
  const names = items.flatMap((item) => {
    if (typeof item !== "object" || item === null) return [];
    const symbol = text(item as Payload, "symbol");
    const minutes = number(item as Payload, "age_minutes");
    if (symbol === null) return [];
    return [minutes === null ? symbol : `${symbol} ${duration(minutes * 60_000)}`];
  });
  const stalled = number(payload, "count");
  return {
    subject: "",
    what: counted(stalled, "silent symbol") ?? "",
    tone: stalled === 0 ? "dim" : "warn",
    details: sentence([list(names), stalled !== null && stalled > names.length && "…"]),
  };
}

function gap(payload: Payload): EventText {
  const from = moment(payload, "from");
  const to = moment(payload, "to");
  return {
    subject: texted(payload, "symbol"),
    what: "feed gap",
    tone: "warn",
    details: sentence([
      `${istTime(from)} to ${istTime(to)}`,
      from === null || to === null ? null : duration(to - from),
      named("missed", number(payload, "missed")),
      text(payload, "timeframe"),
    ]),
  };
}

const SEVERITY_TONES: Readonly<Record<string, Tone>> = { critical: "bad", warning: "warn" };

function alert(payload: Payload): EventText {
  const state = texted(payload, "state");
  const severity = texted(payload, "severity");
  const tone = Object.hasOwn(SEVERITY_TONES, severity) ? (SEVERITY_TONES[severity] ?? "") : "";
  return {
    subject: texted(payload, "rule"),
    what: `${severity} ${state}`.trim(),
    tone: state === "firing" ? tone : "dim",
    details: sentence([text(payload, "summary"), named("value", number(payload, "value"))]),
  };
}

function alertAction(payload: Payload): EventText {
  const by = text(payload, "by");
  const until = moment(payload, "until");
  return {
    subject: texted(payload, "rule"),
    what: texted(payload, "action"),
    tone: "",
    details: sentence([
      by === null ? null : `by ${by}`,
      until === null ? null : `until ${istTime(until)}`,
      text(payload, "reason"),
    ]),
  };
}

function dropped(payload: Payload): EventText {
  return {
    subject: texted(payload, "thread"),
    what: `${count(number(payload, "count"))} dropped`,
    tone: "bad",
    details: sentence([
      "events that the bus could not take",
      text(payload, "reason")?.replaceAll("_", " ") ?? null,
    ]),
  };
}

export const MARKET_WORDS: readonly (readonly [string, Say])[] = [
  ["candle_event", candle],
  ["indicator_event", indicators],
  ["session_event", session],
  ["universe_scan", scan],
  ["universe_summary", universe],
  ["mde_lookup_failure", lookupFailure],
  ["mde_stale_symbols", stale],
  ["feed_gap", gap],
  ["alert_event", alert],
  ["alert_action", alertAction],
  ["events_dropped", dropped],
];
