/**
 * Microsoft Teams by the address of a workflow ("When a Teams webhook request is received"): one adaptive card. Texts are runs of a rich text block, which knows no markup; a card's message
 * has 28 kB at most.
 */
import type { MessageItem } from "../../kernel/message.ts";
import type { DestinationKind } from "../destination.ts";
import { chatKind } from "./chat.ts";
import { away, type OutboundPorts } from "./http.ts";
import { cut, type Shown } from "./message.ts";

/** Of the card's body, below what Teams takes with what is around it. */
const MOST_BYTES = 22_000;
const TEXT = 8_000;
const COLOURS = { critical: "Attention", high: "Attention", medium: "Warning", low: "Accent", info: "Default", unknown: "Default" } as const;

export function teamsKind(ports: OutboundPorts): DestinationKind {
  return chatKind(
    {
      id: "teams",
      example: "https://….logic.azure.com/workflows/…",
      write: teamsMessage,
      judge({ status, body }) {
        if (status === 401 || status === 403 || status === 404 || status === 410) return away(`Teams answered ${String(status)}: the workflow behind this address is gone, turned off, or of another address.`);
        // Connectors of the old kind answer 200 with the failure as text.
        const told = status === 200 ? /HTTP error (\d{3})/.exec(body.toString("utf8", 0, 2_000))?.[1] : undefined;
        return told === undefined ? undefined : away(`Teams answered ${told} behind its gateway.`, { code: told === "429" ? "DESTINATION_BUSY" : "DESTINATION_UNREACHABLE" });
      },
    },
    ports,
  );
}

function teamsMessage({ title, lead, sections, more, foot, document }: Shown): unknown {
  const body = [
    ...(lead === null ? [] : [block([run(lead)])]),
    ...sections.flatMap(({ heading, items }) => [...(heading === null ? [] : [block([run(heading, { weight: "Bolder", size: "Medium" })])]), ...items.flatMap(itemBlocks)]),
    ...(document === null ? [] : [block([run(document, { fontType: "Monospace" })])]),
  ];
  const shown = withinBytes(body);
  const left = body.length > shown.length ? "There is more than a card can show." : null;
  const end = [more, left].filter((one) => one !== null).map((text) => block([run(text)]));
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body: [block([run(title, { weight: "Bolder", size: "Large" })]), ...shown, ...end, ...(foot === null ? [] : [block([run(foot, { isSubtle: true, size: "Small" })])])],
  };
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }] };
}

function withinBytes(blocks: readonly unknown[]): readonly unknown[] {
  let bytes = 0;
  const end = blocks.findIndex((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one));
    return bytes > MOST_BYTES;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}

function block(inlines: readonly unknown[]): unknown {
  return { type: "RichTextBlock", inlines };
}

function run(text: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { type: "TextRun", text: cut(text, TEXT), ...more };
}

function itemBlocks({ title, severity, lines, url }: MessageItem): readonly unknown[] {
  const head = [...(severity === null ? [] : [run(`${severity}  `, { weight: "Bolder", color: COLOURS[severity] })]), run(title, { weight: "Bolder", ...(url === null ? {} : { selectAction: { type: "Action.OpenUrl", url } }) })];
  return [block(head), ...lines.map((one) => block([run(one)]))];
}
