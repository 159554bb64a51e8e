// Who looks at this page, as the server knows him: what he may do.
import { failureOf } from "../feed/failure.js";
import { useAsked } from "../ui/use-asked.js";
import { useValue } from "./app.js";

export interface Caller {
  name: string | null;
  mayCommand: boolean;
}

async function askCaller(signal: AbortSignal): Promise<Caller> {
  const response = await fetch("/session", { signal, credentials: "same-origin" });
  if (!response.ok) throw failureOf(new Error(`GET /session answered ${response.status}.`));
  const answer: unknown = await response.json();
  const { name, scopes } = answer as { name?: unknown; scopes?: unknown };
  return {
    name: typeof name === "string" ? name : null,
    mayCommand: Array.isArray(scopes) && scopes.includes("admin"),
  };
}

/** Null: not known yet. Asked again after each reconnect: keys may have been changed. */
export function useCaller(): Caller | null {
  const { answer } = useAsked(askCaller, [], useValue("refresh"), 60_000);
  return answer ?? null;
}
