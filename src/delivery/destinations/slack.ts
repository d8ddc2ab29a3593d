/** Slack by an incoming webhook: blocks of plain text, in which nothing of a record is markup, a mention or a link. Limits are Slack's own: 50 blocks, 150 characters of a header, 3,000 of a text. */
import type { MessageItem } from "../../kernel/message.ts";
import type { DestinationKind } from "../destination.ts";
import { chatKind } from "./chat.ts";
import { away, type OutboundPorts } from "./http.ts";
import { cut, type Shown } from "./message.ts";

const MOST_BLOCKS = 46;
const HEADER = 150;
const TEXT = 2_900;

export function slackKind(ports: OutboundPorts): DestinationKind {
  return chatKind(
    {
      id: "slack",
      example: "https://hooks.slack.com/services/…",
      write: slackMessage,
      judge({ status }) {
        // The channel is archived, the app removed or kept from posting: no matter of one message.
        if (status === 403 || status === 404 || status === 410) return away(`Slack answered ${String(status)}: the channel or the app behind this address is gone, or may not post.`);
        return undefined;
      },
    },
    ports,
  );
}

function slackMessage({ title, lead, sections, more, foot, document }: Shown): unknown {
  const body = [
    ...(lead === null ? [] : [section(lead)]),
    ...sections.flatMap(({ heading, items }) => [...(heading === null ? [] : [header(heading)]), ...items.map(itemBlock)]),
    ...(document === null ? [] : [section(document)]),
  ];
  const shown = body.slice(0, MOST_BLOCKS);
  const left = body.length > shown.length ? `${String(body.length - shown.length)} more are not shown here.` : null;
  const end = [more, left].filter((one) => one !== null);
  return {
    // What a phone shows: it is read as markup.
    text: mrkdwn(title),
    blocks: [header(title), ...shown, ...end.map(section), ...(foot === null ? [] : [{ type: "context", elements: [plain(foot, TEXT)] }])],
  };
}

function plain(text: string, longest: number): unknown {
  return { type: "plain_text", text: cut(text, longest), emoji: false };
}

function header(text: string): unknown {
  return { type: "header", text: plain(text, HEADER) };
}

function section(text: string): unknown {
  return { type: "section", text: plain(text, TEXT) };
}

function itemBlock({ title, severity, lines, url }: MessageItem): unknown {
  const text = plain([`${severity === null ? "" : `${severity.toUpperCase()}  `}${title}`, ...lines].join("\n"), TEXT);
  return { type: "section", text, ...(url === null ? {} : { accessory: { type: "button", text: plain("Open", 75), url: cut(url, 3_000) } }) };
}

function mrkdwn(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
