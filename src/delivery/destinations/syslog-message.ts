/**
 * A delivery as a syslog message (RFC 5424) and as a frame of a stream (octet counting, RFC 6587 and 5425). All of it is printable ASCII:
 * nothing in a record can end a message, begin another or steer a terminal, and no receiver has to guess an encoding.
 */
import { isoTime } from "../../kernel/clock.ts";
import type { FactSeverity } from "../../kernel/fact.ts";
import type { Delivery } from "../destination.ts";
import { asciiLine } from "./plain-text.ts";

export interface Origin {
  /** 0 to 23. */
  readonly facility: number;
  readonly hostname: string;
  readonly app: string;
}

/** Syslog's numbers: 2 critical, 3 error, 4 warning, 5 notice, 6 informational. */
const SEVERITY = { critical: 2, high: 3, medium: 4, low: 5, info: 6, unknown: 5 } as const satisfies Record<FactSeverity, number>;
const LONGEST_MSGID = 32;
/** A name of one's own needs an enterprise number; this one is kept for those who have none. */
const SD_ID = "vedette@32473";

export function syslogMessage(delivery: Delivery, { facility, hostname, app }: Origin): string {
  const { id, tenant, kind, key, version, queuedAt, severity, text } = delivery;
  const data = `[${SD_ID} id="${value(id)}" kind="${value(kind)}" tenant="${value(tenant)}" key="${value(key)}" version="${value(version)}"]`;
  return `<${String(facility * 8 + SEVERITY[severity])}>1 ${isoTime(queuedAt)} ${hostname} ${app} - ${kind.slice(0, LONGEST_MSGID)} ${data} ${asciiLine(text)}`;
}

/** ASCII alone: as many bytes as characters. */
export function frame(message: string): string {
  return `${String(message.length)} ${message}`;
}

function value(text: string): string {
  return asciiLine(text).replace(/["\\\]]/g, "\\$&");
}
