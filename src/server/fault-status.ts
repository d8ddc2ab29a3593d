/** Which HTTP status a fault has on our own API. SentinelOne's refusal of its token is never our 401: that one is about our keys. */
import type { Fault, FaultCode, FaultKind } from "../kernel/fault.ts";

const BY_KIND = {
  config: 400,
  credential: 422,
  permission: 422,
  throttled: 503,
  unavailable: 502,
  protocol: 502,
  cursor: 502,
  record: 422,
  incomplete: 409,
  refused: 403,
  fenced: 409,
  internal: 500,
} as const satisfies Record<FaultKind, number>;

const BY_CODE: Partial<Record<FaultCode, number>> = {
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  CHANGED_SINCE: 409,
  UNAUTHENTICATED: 401,
  TOO_MANY_REQUESTS: 429,
  KEY_FILE_MISSING: 503,
  KEY_FILE_WEAK: 503,
  STORE_SETTINGS: 503,
  STORE_LOCKED: 503,
  STORE_FROM_FUTURE: 503,
  DISK_BUDGET: 503,
  HUB_UNREACHABLE: 503,
};

export function faultStatus(fault: Fault): number {
  return BY_CODE[fault.code] ?? BY_KIND[fault.kind];
}
