import { TapedeckError } from "@tapedeck/client";

import type { Failure } from "./protocol.js";

export function failureOf(error: unknown): Failure {
  if (error instanceof TapedeckError) {
    return {
      code: error.code,
      message: error.message,
      status: error.status ?? null,
      field: error.field ?? null,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "failed", message, status: null, field: null };
}
