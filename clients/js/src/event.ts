// The event as the server sends it, and as it is given to publish().
import { SERVER_EVENT_TYPES, type EventOrigin, type EventPayloads } from "./events.js";

/** A type of events that EventPayloads names. */
export type KnownEventType = keyof EventPayloads & string;

// Stands for "a type that EventPayloads does not name". A union that also had a plain `string`
// could not be narrowed by `event.type === "order_event"`: the compiler would have to keep the
// event that may be anything. A unit type of its own keeps the union discriminated, and lets the compiler
// refuse a mistyped `case "order_evnt"`. It exists for the compiler only.
declare enum OtherType {
  other = "any type that EventPayloads does not name",
}
export type OtherEventType = OtherType.other;

/** What every event has. */
export interface EventBase<Type extends string, Payload> {
  type: Type;
  /** RFC 3339, UTC, six fractional digits: when it happened at the publisher. */
  timestamp: string;
  payload: Payload;
  /** `<epoch>-<seq>`, for `since`, `until` and `lastEventId`; see the server's docs/contract.md. */
  id: string;
  source?: EventOrigin;
}

/** An event of a known type. */
export type KnownEvent<Type extends KnownEventType = KnownEventType> = {
  [T in Type]: EventBase<T, EventPayloads[T]>;
}[Type];

/** An event of any other type; isEvent(event, "my_type") tells which. */
export type GenericEvent<Type extends string = OtherEventType> = EventBase<
  Type,
  Record<string, unknown>
>;

/** Any event. `event.type === "order_event"` narrows it. */
export type TelemetryEvent = KnownEvent | GenericEvent;

export type SignalEvent = KnownEvent<"signal_event">;
export type IndicatorEvent = KnownEvent<"indicator_event">;
export type OrderEvent = KnownEvent<"order_event">;
export type PositionEvent = KnownEvent<"position_event">;
export type EngineHealthEvent = KnownEvent<"engine_health">;
export type DecisionTraceEvent = KnownEvent<"decision_trace">;
export type UniverseScanEvent = KnownEvent<"universe_scan">;
export type PerformanceUpdateEvent = KnownEvent<"performance_update">;

/** The events of the named types; of any type when they are not known at compile time. */
export type EventOf<Type extends string> = string extends Type
  ? TelemetryEvent
  : Type extends KnownEventType
    ? KnownEvent<Type>
    : GenericEvent<Type>;

/** An event to publish: what the server fills in may be left out. */
export type EventInput<Type extends string = string> = Type extends KnownEventType
  ? EventInputBase<Type, EventPayloads[Type]>
  : EventInputBase<Type, Record<string, unknown>>;

export interface EventInputBase<Type extends string, Payload> {
  type: Type;
  payload: Payload;
  /** When it happened; missing: when the server receives it. */
  timestamp?: string | Date;
  source?: EventOrigin;
}

/** Whether the event is of this type, known or not. */
export function isEvent<Type extends string>(
  event: { readonly type: string },
  type: Type,
): event is Type extends KnownEventType ? KnownEvent<Type> : GenericEvent {
  return event.type === type;
}

const serverTypes: ReadonlySet<string> = new Set(SERVER_EVENT_TYPES);

/** Whether the server knows the event's type, and so has checked its required fields. */
export function isKnownEvent(event: {
  readonly type: string;
}): event is KnownEvent<(typeof SERVER_EVENT_TYPES)[number]> {
  return serverTypes.has(event.type);
}
