/**
 * Faults are data: one closed union of kinds, one total table of what each kind means for the reader, for people and for the exit
 * code, and one catalogue of stable codes. A fault never carries a request or response body.
 */
export type FaultKind =
  | "config"
  | "credential"
  | "permission"
  | "throttled"
  | "unavailable"
  | "protocol"
  | "cursor"
  | "record"
  | "incomplete"
  | "refused"
  | "fenced"
  | "internal";

export interface FaultPolicy {
  /** What the reader or deliverer does on its own. */
  readonly action: "stop" | "skip-stream" | "wait" | "retry" | "restart-window" | "park" | "keep-old-state" | "yield";
  /** Who can end it. */
  readonly audience: "operator" | "tenant" | "nobody" | "vedette";
  /** Exit code of a command that ends with it. */
  readonly exitCode: number;
  readonly meaning: string;
}

export const FAULTS = {
  config: { action: "stop", audience: "operator", exitCode: 64, meaning: "Something given to Vedette is wrong: an address, a file, a setting." },
  credential: { action: "stop", audience: "tenant", exitCode: 77, meaning: "SentinelOne does not accept the token." },
  permission: { action: "skip-stream", audience: "tenant", exitCode: 78, meaning: "The token is valid but may not read this." },
  throttled: { action: "wait", audience: "nobody", exitCode: 75, meaning: "SentinelOne asks for fewer requests; reading goes on later." },
  unavailable: { action: "retry", audience: "nobody", exitCode: 69, meaning: "SentinelOne, a destination or the network does not answer." },
  protocol: { action: "retry", audience: "vedette", exitCode: 76, meaning: "An answer that is not what the API promises; never read as an empty list." },
  cursor: { action: "restart-window", audience: "nobody", exitCode: 76, meaning: "A page cursor was refused, repeated or went in a circle." },
  record: { action: "park", audience: "vedette", exitCode: 65, meaning: "One record cannot be read; it is set aside, the rest goes on." },
  incomplete: { action: "keep-old-state", audience: "nobody", exitCode: 74, meaning: "A listing could not be proven complete, so nothing was declared gone." },
  refused: { action: "park", audience: "operator", exitCode: 73, meaning: "A destination or this hub refused the request." },
  fenced: { action: "yield", audience: "nobody", exitCode: 75, meaning: "Another process took over this work." },
  internal: { action: "stop", audience: "vedette", exitCode: 70, meaning: "A defect in Vedette." },
} as const satisfies Record<FaultKind, FaultPolicy>;

interface CatalogueEntry {
  readonly kind: FaultKind;
  /** When it happens. */
  readonly when: string;
  /** What the reader of the message can do. */
  readonly cure: string;
}

/** Every code we may show. `docs/faults.md` is generated from it; codes are never reused or renamed. */
export const FAULT_CODES = {
  CONSOLE_URL_INVALID: {
    kind: "config",
    when: "A console address is not one SentinelOne gives to customers.",
    cure: "Copy the address from the browser while signed in to the console, like https://usea1-011.sentinelone.net.",
  },
  CONSOLE_HOST_NOT_ALLOWED: {
    kind: "config",
    when: "The console's host is outside *.sentinelone.net.",
    cure: "If the host is really yours, start Vedette with VEDETTE_ALLOW_CONSOLE_HOSTS=host[:port].",
  },
  OUTBOUND_ADDRESS_REFUSED: {
    kind: "config",
    when: "A host name leads to an address that outbound requests may not reach (loopback, private, link-local, reserved).",
    cure: "Check the DNS entry. A host that is meant to be inside your network has to be in VEDETTE_ALLOW_CONSOLE_HOSTS.",
  },
  TOKEN_EMPTY: { kind: "config", when: "No token was given.", cure: "Pass --token-env NAME with the token in that environment variable." },
  CONFIG_INVALID: { kind: "config", when: "A setting, option or file is wrong.", cure: "The message names the place and what is expected there." },
  NOT_FOUND: { kind: "config", when: "Nothing of that name or id is visible to the caller.", cure: "List what there is, e.g. `vedette connections list`." },
  ALREADY_EXISTS: { kind: "config", when: "Something of that name exists already.", cure: "Choose another name, or change the existing one." },
  CHANGED_SINCE: { kind: "refused", when: "Somebody changed it since the caller looked at it.", cure: "Look at it as it is now, then repeat the change with its version." },
  KEY_FILE_MISSING: {
    kind: "config",
    when: "Sealed tokens exist, but the key file that opens them does not.",
    cure: "Put the key file back (VEDETTE_KEY_FILE names its place). Without it the tokens are lost: rotate each connection's token.",
  },
  KEY_FILE_WEAK: { kind: "config", when: "The key file is readable by others, too short or not a key.", cure: "chmod 600 the file, or restore the right one from your backup." },
  STORE_SETTINGS: { kind: "config", when: "The store does not give the durability Vedette promises.", cure: "The message names the setting; Vedette does not start without it." },
  STORE_LOCKED: { kind: "config", when: "Another process owns the data folder.", cure: "Stop it, or let the command talk to it (it finds a running hub by itself)." },
  STORE_FROM_FUTURE: { kind: "config", when: "The data folder was written by a newer Vedette.", cure: "Start the newer version, or restore a backup made by this one." },
  DISK_BUDGET: { kind: "config", when: "The data folder has reached its disk budget; reading is paused, nothing is dropped.", cure: "Raise VEDETTE_DISK_BUDGET, shorten retention, or free space." },
  S1_TOKEN_REJECTED: {
    kind: "credential",
    when: "SentinelOne answers 401: the token is wrong, expired, revoked, or belongs to another console.",
    cure: "Make a new token in the console, then `vedette connections rotate NAME --token-env NAME`.",
  },
  S1_TOKEN_EXPIRED: {
    kind: "credential",
    when: "The token's expiry date has passed.",
    cure: "Make a new token in the console, then `vedette connections rotate NAME --token-env NAME`.",
  },
  S1_FORBIDDEN: { kind: "permission", when: "SentinelOne answers 403 for a stream.", cure: "Give the token's role the permission named, or leave the stream out." },
  S1_SCOPE_CHANGED: { kind: "incomplete", when: "The token's scope is not the one the mirror was built with.", cure: "If that was on purpose, run `vedette connections verify NAME --accept-scope`." },
  S1_RATE_LIMITED: { kind: "throttled", when: "SentinelOne answers 429.", cure: "Nothing: Vedette waits as told and goes on." },
  S1_UNREACHABLE: { kind: "unavailable", when: "No connection, no answer in time, or the connection broke.", cure: "Check the network and proxy; Vedette keeps trying." },
  S1_SERVER_ERROR: { kind: "unavailable", when: "SentinelOne answers 5xx.", cure: "Nothing: Vedette keeps trying." },
  S1_TLS: { kind: "unavailable", when: "The console's certificate is not trusted.", cure: "If a proxy inspects TLS, give its CA in NODE_EXTRA_CA_CERTS." },
  S1_NOT_FOUND: { kind: "protocol", when: "404 where a listing must exist.", cure: "Check that the address is a console's, not a gateway's; else report it." },
  S1_BAD_REQUEST: { kind: "protocol", when: "SentinelOne answers 400 to a request Vedette makes.", cure: "Report it with `vedette connections log NAME`." },
  S1_UNEXPECTED_STATUS: { kind: "protocol", when: "A status the API does not describe (redirects among them).", cure: "Check the address; else report it." },
  S1_NOT_JSON: { kind: "protocol", when: "The answer is not JSON: a proxy's or an error page.", cure: "Check what stands between Vedette and the console." },
  S1_BODY_CUT: { kind: "protocol", when: "The answer ended before it was complete.", cure: "Nothing: Vedette reads that page again." },
  S1_BODY_TOO_LARGE: { kind: "protocol", when: "One answer is larger than Vedette is willing to hold.", cure: "Report it." },
  S1_ANSWER_SHAPE: { kind: "protocol", when: "JSON that has no `data`, no `pagination`, or the wrong type there.", cure: "Check the address; else report it." },
  S1_ERRORS_IN_ANSWER: { kind: "protocol", when: "Status 200 with `errors` inside.", cure: "Nothing at first: Vedette retries; if it stays, report it." },
  S1_CURSOR_REFUSED: { kind: "cursor", when: "SentinelOne no longer knows a page cursor.", cure: "Nothing: the window is read again from its start." },
  S1_CURSOR_REPEATED: { kind: "cursor", when: "A page names itself or an earlier page as its next.", cure: "Nothing at first: the window is read again; if it stays, report it." },
  S1_CURSOR_ENDLESS: { kind: "cursor", when: "A listing goes on far beyond its own total.", cure: "Nothing at first: the window is read again; if it stays, report it." },
  RECORD_INVALID: { kind: "record", when: "A record lacks its key or has the wrong type in a field we use.", cure: "`vedette parked show ID`; replay it after an update." },
  RECORD_DUPLICATE: { kind: "record", when: "One page holds the same id twice with different content.", cure: "`vedette parked show ID` has the set-aside copy." },
  CAPABILITY_FAILED: { kind: "record", when: "A capability could not take one change in; the mirror has it.", cure: "`vedette parked replay ID` after an update." },
  SNAPSHOT_UNPROVEN: { kind: "incomplete", when: "A full listing was read, but its count does not agree with the console's.", cure: "Nothing: nothing was declared gone; the next run tries again." },
  CHANGES_INCOMPLETE: { kind: "incomplete", when: "The listing of what changed gave fewer records than the console counted for it.", cure: "Nothing: a full reading follows soon and brings what is missing." },
  SNAPSHOT_BRAKE: { kind: "incomplete", when: "More than max(20, 10 %) of a stream is missing at once.", cure: "The next full read confirms or clears it; `vedette sync --full` does it now." },
  SOURCE_GAP: { kind: "incomplete", when: "SentinelOne no longer holds a period that was not read in time.", cure: "The gap is listed in status; acknowledge it when noted." },
  DESTINATION_UNREACHABLE: { kind: "unavailable", when: "A destination takes nothing: no connection, no answer, an error of its own, or a file that cannot be written.", cure: "Check the destination with `vedette destinations test NAME`; Vedette keeps trying, in order." },
  DESTINATION_BUSY: { kind: "throttled", when: "A destination asks for fewer requests (429).", cure: "Nothing: Vedette waits as told and goes on." },
  DESTINATION_REFUSED: { kind: "refused", when: "A destination will not take one delivery; it is parked, the others go on.", cure: "See why over there, then `vedette deliveries replay ID`." },
  DELIVERY_TOO_LARGE: { kind: "refused", when: "A delivery is larger than its destination, or any, takes; it is parked, the others go on.", cure: "Raise the destination's limit where it has one and replay it; `vedette deliveries show ID` has the record." },
  DELIVERY_NOT_MAPPED: { kind: "record", when: "A record cannot be written in the format its destination asks for; it is parked, the others go on.", cure: "`vedette deliveries show ID` has the record; replay it after an update." },
  ACCESS_KEYS_UNAVAILABLE: { kind: "unavailable", when: "The keys by which a caller's token is checked cannot be read, and those known are too old.", cure: "Check that the hub reaches the team's address (/cdn-cgi/access/certs); it tries again with the next request." },
  LEASE_LOST: { kind: "fenced", when: "Another process holds the lease on this work.", cure: "Nothing: the other one goes on." },
  CANCELLED: { kind: "fenced", when: "The run was stopped on request.", cure: "Run it again; it goes on where it stopped." },
  FORBIDDEN: { kind: "refused", when: "The caller's key lacks the permission.", cure: "Use a key with the permission named." },
  TOO_MANY_REQUESTS: { kind: "refused", when: "A caller of our own API asks too often or too much at once: sign-ins that fail, live streams left open.", cure: "Wait as long as `Retry-After` says; nobody is locked out for good." },
  UNAUTHENTICATED: { kind: "refused", when: "Neither a valid API key nor a session came with the request.", cure: "Sign in to the console, or send `Authorization: Bearer KEY`; `vedette api-keys create` makes one." },
  HUB_UNREACHABLE: { kind: "unavailable", when: "A hub is announced in the data folder but does not answer.", cure: "Start it again with `vedette serve`." },
  INTERNAL: { kind: "internal", when: "A defect in Vedette.", cure: "Report it with the request id or the log line." },
} as const satisfies Record<string, CatalogueEntry>;

export type FaultCode = keyof typeof FAULT_CODES;

export interface FaultOptions {
  /** Names and numbers that help: a path, a status, a field. Never a body, never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  /** Wait at least this long before trying again. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Replaces the catalogue's cure where the place knows better. */
  readonly cure?: string;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  readonly retryAfterMs: number | undefined;
  readonly cure: string;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.cure = options.cure ?? FAULT_CODES[code].cure;
  }

  get kind(): FaultKind {
    return FAULT_CODES[this.code].kind;
  }

  get policy(): FaultPolicy {
    return FAULTS[this.kind];
  }

  /** What an API answer, a log or `--json` may show of it. */
  toJSON(): FaultReport {
    return { code: this.code, kind: this.kind, message: this.message, cure: this.cure, details: this.details };
  }
}

export interface FaultReport {
  readonly code: FaultCode;
  readonly kind: FaultKind;
  readonly message: string;
  readonly cure: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** Whatever was thrown, as a fault: what we do not know is `internal`, with its message kept only as the cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new Fault("INTERNAL", `Unexpected failure (${name}).`, { cause: error });
}

/** CONFIG_INVALID: where a page of a list is to begin was not given by the page before it. */
export function wrongPlace(): Fault {
  return new Fault("CONFIG_INVALID", "query/after is not what an earlier page gave as `next`.");
}
