/** Where the console shows a record. Null for what has no page of its own there. */
import type { EventStream } from "../kernel/alert-api.ts";

const PAGES: Readonly<Partial<Record<EventStream, (id: string) => string>>> = {
  alerts: (id) => `/incidents/unified-alerts/${id}/details`,
  threats: (id) => `/incidents/threats/${id}/overview`,
};

export function linkOf(console: string | null, stream: EventStream, id: string): string | null {
  const page = PAGES[stream];
  return console === null || page === undefined ? null : `${console}${page(encodeURIComponent(id))}`;
}
