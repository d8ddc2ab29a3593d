/** What Splunk's HTTP Event Collector answers: events one after the other in one body, its own codes beside the status, acknowledgements by channel. */
import { startHttpReceiver, type Answered, type Asked, type HttpReceiver } from "./http.ts";

export const TOKEN = "b0221cd8-c4b4-465a-9a3c-273e3a75aa29";

interface Event {
  readonly time: number;
  readonly index?: string;
  readonly sourcetype: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly event: unknown;
  /** As it stood in the request. */
  readonly text: string;
}

export interface SplunkReceiver extends HttpReceiver {
  readonly events: Event[];
  /** Answers to acknowledgement requests: whether what was taken is indexed by now. */
  indexed: boolean;
  /** The token has indexer acknowledgement enabled. */
  acknowledges: boolean;
  readonly indexes: Set<string>;
}

export async function startSplunk(tls: Parameters<typeof startHttpReceiver>[1] = null): Promise<SplunkReceiver> {
  const events: Event[] = [];
  let ackId = 0;
  const receiver = await startHttpReceiver((asked) => answer(asked), tls);
  const fake: SplunkReceiver = Object.assign(receiver, { events, indexed: true, acknowledges: false, indexes: new Set(["main", "s1"]) });

  function answer(asked: Asked): Answered {
    const path = asked.url.pathname;
    if (path === "/services/collector/health") return said(200, "HEC is healthy", 17);
    if (asked.headers.authorization === undefined) return said(401, "Token is required", 2);
    if (asked.headers.authorization !== `Splunk ${TOKEN}`) return said(403, "Invalid token", 4);
    if (path === "/services/collector/ack") return acknowledge(asked);
    if (path !== "/services/collector/event") return { status: 404, body: "<html>Not found</html>" };
    if (fake.acknowledges && asked.headers["x-splunk-request-channel"] === undefined) return said(400, "Data channel is missing", 10);
    if (asked.body === "") return said(400, "No data", 5);
    const found = parseEvents(asked.body);
    for (const [place, one] of found.entries()) {
      if (one === null) return { status: 400, body: { text: "Invalid data format", code: 6, "invalid-event-number": place } };
      if (one.index !== undefined && !fake.indexes.has(one.index)) return { status: 400, body: { text: "Incorrect index", code: 7, "invalid-event-number": place } };
    }
    events.push(...found.filter((one) => one !== null));
    if (!fake.acknowledges) return said(200, "Success", 0);
    ackId += 1;
    return { status: 200, body: { text: "Success", code: 0, ackId } };
  }

  function acknowledge(asked: Asked): Answered {
    if (!fake.acknowledges) return said(400, "ACK is disabled", 14);
    if (asked.url.searchParams.get("channel") !== asked.headers["x-splunk-request-channel"]) return said(400, "Invalid data channel", 11);
    const { acks } = JSON.parse(asked.body) as { readonly acks: readonly number[] };
    return { status: 200, body: { acks: Object.fromEntries(acks.map((id) => [id, fake.indexed])) } };
  }

  return fake;
}

function said(status: number, text: string, code: number): Answered {
  return { status, body: { text, code } };
}

/** Null for one that is no event. Objects may follow each other with or without white space; ours come line by line. */
function parseEvents(body: string): readonly (Event | null)[] {
  return body.split("\n").map((text) => {
    try {
      const event = JSON.parse(text) as Event;
      return event.event === undefined || event.event === "" ? null : { ...event, text };
    } catch {
      return null;
    }
  });
}
