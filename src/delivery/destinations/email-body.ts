/** A message as a mail: subject, plain text, and HTML without scripts, images or anything loaded from elsewhere. Pure. */
import { escaped } from "../../kernel/html.ts";
import type { MessageItem } from "../../kernel/message.ts";
import type { Shown } from "./message.ts";

export interface MailBody {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const COLOURS = { critical: "#a3122a", high: "#b3470f", medium: "#8a6100", low: "#2f6090", info: "#5a6270", unknown: "#5a6270" } as const;
const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;line-height:1.5;color:#1c2230";

export function mailBody(shown: Shown): MailBody {
  return { subject: shown.title, text: textOf(shown), html: htmlOf(shown) };
}

function textOf({ title, lead, sections, more, foot, document }: Shown): string {
  const blocks = [
    title,
    lead,
    ...sections.flatMap(({ heading, items }) => [heading === null ? null : `${heading}\n${"-".repeat(Math.min(heading.length, 60))}`, ...items.map(itemText)]),
    document,
    more,
    foot === null ? null : `-- \n${foot}`,
  ];
  return `${blocks.filter((block) => block !== null).join("\n\n")}\n`;
}

function itemText({ title, severity, lines, url }: MessageItem): string {
  return [`${severity === null ? "" : `[${severity}] `}${title}`, ...lines.map((one) => `  ${one}`), ...(url === null ? [] : [`  ${url}`])].join("\n");
}

function htmlOf({ title, lead, sections, more, foot, document }: Shown): string {
  const parts = [
    `<h1 style="font-size:19px;margin:0 0 12px">${escaped(title)}</h1>`,
    paragraph(lead),
    ...sections.flatMap(({ heading, items }) => [heading === null ? "" : `<h2 style="font-size:16px;margin:20px 0 8px">${escaped(heading)}</h2>`, ...items.map(itemHtml)]),
    document === null ? "" : `<pre style="white-space:pre-wrap;word-break:break-all;background:#f4f5f7;padding:12px">${escaped(document)}</pre>`,
    paragraph(more),
    foot === null ? "" : `<p style="margin:24px 0 0;color:#5a6270;font-size:13px">${escaped(foot)}</p>`,
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title></head><body style="margin:0;padding:24px;background:#fff;${FONT}">${parts.join("\n")}</body></html>`;
}

function paragraph(text: string | null): string {
  return text === null ? "" : `<p style="margin:0 0 12px">${escaped(text)}</p>`;
}

function itemHtml({ title, severity, lines, url }: MessageItem): string {
  const colour = COLOURS[severity ?? "unknown"];
  const badge = severity === null ? "" : `<strong style="color:${colour}">${escaped(severity)}</strong> `;
  const link = url === null ? "" : `<br><a href="${escaped(url)}" style="color:#1f5fbf">${escaped(new URL(url).host)}</a>`;
  return `<div style="border-left:4px solid ${colour};padding:2px 0 2px 12px;margin:0 0 14px">${badge}<strong>${escaped(title)}</strong>${lines.map((one) => `<br>${escaped(one)}`).join("")}${link}</div>`;
}
