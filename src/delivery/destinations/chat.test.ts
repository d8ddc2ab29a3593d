import { afterEach, describe, expect, it } from "vitest";
import { startHttpReceiver } from "../../../test/support/receivers/http.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { Message } from "../../kernel/message.ts";
import { parseAllowedHosts } from "../../net/policy.ts";
import type { DestinationKind, Receipt } from "../destination.ts";
import { MINE, outgoing } from "../test-bench.ts";
import type { OutboundPorts } from "./http.ts";
import { slackKind } from "./slack.ts";
import { teamsKind } from "./teams.ts";

const KINDS: Readonly<Record<string, (ports: OutboundPorts) => DestinationKind>> = { slack: slackKind, teams: teamsKind };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Posted {
  readonly receipt: Receipt | undefined;
  readonly body: unknown;
  readonly bytes: number;
}

async function post(id: string, message: Message, answer: { readonly status: number; readonly body?: unknown } = { status: 200, body: "ok" }): Promise<Posted> {
  const receiver = await startHttpReceiver(() => answer);
  open.push(receiver);
  const kind = KINDS[id]?.({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(receiver.host), userAgent: "vedette/test" });
  if (kind === undefined) throw new Error("no kind");
  const destination = kind.open(kind.admit({ url: `${receiver.url}/x` }, MINE).settings, MINE);
  open.push(destination);
  const [receipt] = await destination.send([outgoing({ kind: "notifications.case", body: JSON.stringify({ message }) })], AbortSignal.timeout(5_000));
  return { receipt, body: JSON.parse(receiver.asked[0]?.body ?? "null") as unknown, bytes: receiver.asked[0]?.bytes ?? 0 };
}

const HOSTILE = "<!channel> *b* [x](https://evil.example) <https://evil.example|click> @everyone\n\u202e";
const item = { title: HOSTILE, severity: "high" as const, lines: [HOSTILE], url: "https://usea1-011.sentinelone.net/a" };
const MESSAGE: Message = { title: HOSTILE, lead: null, sections: [{ heading: null, items: [item] }], more: null, foot: "Why.", thread: null };

describe("Slack", () => {
  it("is given plain text, in which nothing is a mention, markup or a link, and a button to the console", async () => {
    const { receipt, body } = await post("slack", MESSAGE);

    expect(receipt).toEqual({ outcome: "accepted" });
    expect(body).toMatchObject({ text: expect.stringMatching(/^&lt;!channel&gt; /) as string, blocks: [{ type: "header", text: { type: "plain_text" } }, { type: "section", text: { type: "plain_text" }, accessory: { type: "button", url: "https://usea1-011.sentinelone.net/a" } }, { type: "context", elements: [{ type: "plain_text", text: "Why." }] }] });
    expect(JSON.stringify(body)).not.toContain("mrkdwn");
  });

  it("never more than it takes: 50 blocks, 150 characters of a header, 3,000 of a text; what is left out is said", async () => {
    const long = "🛰".repeat(5_000);
    const { body } = await post("slack", { ...MESSAGE, title: long, sections: [{ heading: long, items: Array.from({ length: 90 }, () => ({ ...item, title: long, lines: [long, long, long, long] })) }] });

    const { blocks } = body as { readonly blocks: readonly { readonly type: string; readonly text?: { readonly text: string } }[] };
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(Math.max(...blocks.map(({ text }) => text?.text.length ?? 0))).toBeLessThanOrEqual(3_000);
    expect(Math.max(...blocks.map(({ type, text }) => (type === "header" ? (text?.text.length ?? 0) : 0)))).toBeLessThanOrEqual(150);
    expect(JSON.stringify(blocks)).toContain("are not shown here");
    expect(JSON.stringify(blocks)).not.toMatch(/\\ud83d[^\\]|\ufffd/);
  });

  it.each([[404, "no_service"], [410, "channel_is_archived"], [403, "action_prohibited"]])("%s %s is no matter of one message", async (status, body) => {
    expect((await post("slack", MESSAGE, { status, body })).receipt).toMatchObject({ outcome: "again-after", blame: "destination" });
  });
});

describe("Teams", () => {
  it("is given one adaptive card of text runs, which know no markup", async () => {
    const { receipt, body } = await post("teams", MESSAGE, { status: 202 });

    expect(receipt).toEqual({ outcome: "accepted" });
    expect(body).toMatchObject({ type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content: { type: "AdaptiveCard", version: "1.4" } }] });
    expect(JSON.stringify(body)).not.toMatch(/"TextBlock"|"FactSet"/);
  });

  it("never more than 28 kB", async () => {
    const { bytes, body } = await post("teams", { ...MESSAGE, sections: [{ heading: null, items: Array.from({ length: 500 }, () => ({ ...item, title: "🛰".repeat(400) })) }] });

    expect(bytes).toBeLessThan(28_000);
    expect(JSON.stringify(body)).toContain("more than a card can show");
  });

  it("a failure told with 200, as connectors of the old kind do, is a failure", async () => {
    expect((await post("teams", MESSAGE, { status: 200, body: "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x" })).receipt).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_BUSY" });
    expect((await post("teams", MESSAGE, { status: 200, body: "1" })).receipt).toEqual({ outcome: "accepted" });
  });
});
