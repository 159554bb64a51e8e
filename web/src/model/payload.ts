// Reading payloads: a publisher may send anything, so every member is looked at before it is used.

export type Payload = Readonly<Record<string, unknown>>;

export function text(payload: Payload, name: string): string | null {
  const value = payload[name];
  return typeof value === "string" && value !== "" ? value : null;
}

export function number(payload: Payload, name: string): number | null {
  const value = payload[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function flag(payload: Payload, name: string): boolean | null {
  const value = payload[name];
  return typeof value === "boolean" ? value : null;
}

export function object(payload: Payload, name: string): Payload {
  const value = payload[name];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Payload)
    : {};
}

export function texts(payload: Payload, name: string): string[] {
  const value = payload[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** Milliseconds since 1970 of an RFC 3339 member; null when there is none. */
export function moment(payload: Payload, name: string): number | null {
  return momentOf(text(payload, name));
}

export function momentOf(timestamp: string | null | undefined): number | null {
  if (!timestamp) return null;
  const ms = Date.parse(timestamp);
  return Number.isNaN(ms) ? null : ms;
}
