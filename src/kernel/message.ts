/** A message to people, before it is known on which way it goes: whoever writes it has nothing to do with mail or chat, and whoever sends it nothing with cases. */
import Type, { type Static, type TSchema } from "typebox";
import { FACT_SEVERITIES } from "./fact.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();

/** Texts are plain: what stands in them stays text on every way. */
export const MessageItem = Type.Object({
  title: Text,
  severity: Nullable(Type.Enum(FACT_SEVERITIES)),
  lines: Type.Array(Text),
  /** https, where it leads on. */
  url: Nullable(Text),
});
export type MessageItem = Static<typeof MessageItem>;

export const Message = Type.Object({
  /** One line: a mail's subject. */
  title: Text,
  /** A sentence or two. */
  lead: Nullable(Text),
  sections: Type.Array(Type.Object({ heading: Nullable(Text), items: Type.Array(MessageItem) })),
  /** What is left out, in words, and where it is to be had. */
  more: Nullable(Text),
  /** Why somebody gets this. */
  foot: Nullable(Text),
  /** Messages of one thread belong together. */
  thread: Nullable(Text),
});
export type Message = Static<typeof Message>;
