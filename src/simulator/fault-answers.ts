/** Answers that a fault dictates before the console is even asked. */
import { ApiError, badRequest, errorAnswer, forbidden, htmlAnswer, notFound, serverError, unauthorised, type Answer } from "./errors.ts";
import type { FaultStatus } from "./faults.ts";
import type { Struck } from "./struck.ts";

const SIGN_IN = "<!doctype html><html><head><title>Sign in</title></head><body>Sign in to continue</body></html>";

export function ruled(struck: Struck, path: string): Answer | undefined {
  if (struck.take("expire-cursor") !== undefined) return expiredCursor(path);
  if (struck.take("html") !== undefined) return { ...htmlAnswer(200), body: SIGN_IN };
  const fault = struck.take("status");
  return fault === undefined ? undefined : statusAnswer(fault.status, fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter });
}

function expiredCursor(path: string): Answer {
  if (path === "/unifiedalerts/graphql") return { status: 200, body: { errors: [{ message: "Invalid cursor", extensions: { classification: "DataFetchingException" } }], data: null } };
  return errorAnswer(badRequest("cursor: Cursor has expired."));
}

function statusAnswer(status: FaultStatus, headers: Readonly<Record<string, string>>): Answer {
  const answer = plainAnswer(status);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function plainAnswer(status: FaultStatus): Answer {
  switch (status) {
    case 302:
      return { status, headers: { "content-type": "text/html", location: "/login" }, body: SIGN_IN };
    case 400:
      return errorAnswer(new ApiError(400, 4_000_010, "Validation Error", "limit: Not a valid integer."));
    case 401:
      return errorAnswer(unauthorised());
    case 403:
      return errorAnswer(forbidden(null));
    case 404:
      return errorAnswer(notFound());
    case 500:
      return errorAnswer(serverError());
    default:
      return htmlAnswer(status);
  }
}
