/** Answers as data: read once, and never trusted to have the shape they should. */
import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import type { HttpAnswer } from "../../net/http.ts";

/** The answer's JSON object; null where it is anything else, as a proxy's page is. */
export function objectOf({ body }: Pick<HttpAnswer, "body">): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A word of the other side's that may stand in a reason: a name of theirs, never a sentence with data in it. */
export function wordOf(value: unknown): string | null {
  return typeof value === "string" && /^[a-z][a-z0-9_]{0,79}$/.test(value) ? value : null;
}
