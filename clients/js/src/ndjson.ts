// Newline-delimited JSON: bytes in, values out.
import { networkError, TapedeckError } from "./errors.js";

/**
 * @param maxLineChars a longer line is an error, not memory without bounds.
 * @throws TapedeckError when the body breaks off or a line is not JSON.
 */
export async function* ndjsonValues(
  body: ReadableStream<Uint8Array>,
  maxLineChars: number,
): AsyncGenerator<unknown, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw networkError(error);
      });
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = done ? "" : lines.pop()!;
      if (rest.length > maxLineChars) {
        throw new TapedeckError("event_too_large", "A line of the answer is too long.");
      }
      for (const line of lines) if (line !== "") yield parseLine(line);
      if (done) return undefined;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TapedeckError("invalid_answer", "A line of the answer is not JSON.", {
      cause: error,
    });
  }
}
