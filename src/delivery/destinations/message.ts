/**
 * What people are shown of a delivery. A notification carries its message ready; of any other fact the kind, the key and the whole document are shown. Every text in it may be somebody
 * else's: it is made one line of plain characters here, and escaped by each kind in its own way.
 */
import { Compile } from "typebox/compile";
import { Message, type MessageItem } from "../../kernel/message.ts";
import type { Delivery } from "../destination.ts";
import { objectOf } from "./answers.ts";
import { plainLine } from "./plain-text.ts";

export interface Shown extends Message {
  /** A document as JSON text, where there is no message. */
  readonly document: string | null;
}

const message = Compile(Message);

const LONGEST_TITLE = 200;
const LONGEST_LINE = 1_000;
// Controls, separators of lines, and what turns the direction of a line round or cannot be seen.
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]+/gu;

export function shownOf({ kind, key, id, text }: Delivery): Shown {
  const data = objectOf({ body: Buffer.from(text) })?.["data"];
  const given: unknown = typeof data === "object" && data !== null && "message" in data ? data.message : null;
  if (!kind.startsWith("notifications.") || !message.Check(given)) {
    return { title: line(`${kind}: ${key}`, LONGEST_TITLE), lead: null, sections: [], more: null, foot: `Delivery ${id}.`, thread: null, document: plainLine(text) };
  }
  return {
    title: line(given.title, LONGEST_TITLE),
    lead: maybe(given.lead),
    sections: given.sections.map(({ heading, items }) => ({ heading: maybe(heading), items: items.map(plainItem) })),
    more: maybe(given.more),
    foot: maybe(given.foot),
    thread: given.thread,
    document: null,
  };
}

function plainItem({ title, severity, lines, url }: MessageItem): MessageItem {
  return { title: line(title, LONGEST_LINE), severity, lines: lines.map((one) => line(one, LONGEST_LINE)), url: httpsOnly(url) };
}

/** Where a link leads is for the reader's program to follow: nothing but https, with no character that could end it. */
function httpsOnly(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const parsed = new URL(url);
  return parsed.protocol === "https:" && parsed.username === "" ? parsed.href.replace(/[<>|"'\s]/g, (sign) => encodeURIComponent(sign)) : null;
}

function maybe(text: string | null): string | null {
  return text === null ? null : line(text, LONGEST_LINE);
}

export function line(text: string, longest: number): string {
  const plain = text.toWellFormed().replace(STEERING, " ").trim();
  return cut(plain, longest);
}

/** Never through the middle of a character. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed().replace(/\ufffd$/, "")}…`;
}
