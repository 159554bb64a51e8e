// @tapedeck/client: a typed client for Tapedeck, for browsers and Node.
export { Tapedeck, type CallOptions, type PublishOptions, type TapedeckOptions } from "./client.js";
export { TapedeckError, type TapedeckErrorDetails } from "./errors.js";
export type { StreamMessage, TelemetryStream } from "./stream.js";
export type { StreamGap, StreamOptions, StreamState } from "./stream-options.js";
export type { BackoffPolicy } from "./backoff.js";
export type { VisibilitySource } from "./visibility.js";
export type { FetchFunction, HttpOptions, TokenSource } from "./http.js";
export type { EventFilter, EventRange } from "./filter.js";
export * from "./alerts.js";
export * from "./answers.js";
export * from "./event.js";
export * from "./events.js"; // by *, so that users can add to EventPayloads
