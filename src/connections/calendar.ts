/** A calendar file with the day a token ends and reminders before it. No secret in it, and text from people cannot end a line. */
import { ICalAlarmType, ICalCalendar } from "ical-generator";
import type { ConnectionView } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import { EXPIRY_DAYS } from "./expiry-rules.ts";

const DAY_S = 86_400;
const LINE_BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** iCalendar text (RFC 5545); CONFIG_INVALID where the token's end is not known. */
export function expiryCalendar(connection: Pick<ConnectionView, "id" | "name" | "url" | "token" | "verifiedAt" | "createdAt">): string {
  const end = connection.token.expiresAt;
  if (end === null) throw new Fault("CONFIG_INVALID", "The console does not say when this connection's token ends, so there is nothing to remember.");
  const name = oneLine(connection.name);
  // The calendar's own name is written unescaped by the library: it holds nothing that people typed.
  const calendar = new ICalCalendar({ name: "Vedette: token expiry", prodId: { company: "Vedette", product: "connections", language: "EN" } });
  const start = new Date(end);
  const event = calendar.createEvent({
    // The same id at every download moves the reminder when the token was rotated, instead of adding one.
    id: `${connection.id}.token@vedette`,
    stamp: new Date(connection.verifiedAt ?? connection.createdAt),
    start,
    end: new Date(start.getTime() + 30 * 60_000),
    summary: `SentinelOne API token of ${name} expires`,
    description: `Console: ${oneLine(connection.url)}. Make a new token, then: vedette connections rotate ${connection.id} --token-env NAME`,
  });
  for (const days of EXPIRY_DAYS) {
    event.createAlarm({ type: ICalAlarmType.display, triggerBefore: days * DAY_S, description: `The token of ${name} expires in ${days} ${days === 1 ? "day" : "days"}` });
  }
  return `${calendar.toString()}\r\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(LINE_BREAKS, " ");
}
