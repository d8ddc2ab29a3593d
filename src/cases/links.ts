/**
 * Which records belong together. A record has *links*, each a key made of its own fields; two records of a tenant that share one, and were detected no further apart
 * than the link reaches, are of one case. The times of a key's records so form episodes, whose gaps are no longer than the reach, and a case is what episodes connect: the
 * same whatever came first. Pure.
 */
import { hash } from "node:crypto";
import type { LinkKind } from "../kernel/case-api.ts";
import type { LinkKey } from "./model.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface LinkRule {
  readonly reachMs: number;
  /** For people: what two records have in common. */
  readonly shared: string;
}

/** The table of docs/cases.md, held against it by a test. */
export const LINKS: Readonly<Record<LinkKind, LinkRule>> = {
  storyline: { reachMs: 30 * DAY, shared: "storyline" },
  "file-device": { reachMs: 7 * DAY, shared: "file's content on one device" },
  "file-name-device": { reachMs: 7 * DAY, shared: "process's content and alert's name on one device" },
  outbreak: { reachMs: HOUR, shared: "content and name, on any device" },
  "name-device": { reachMs: DAY, shared: "alert's name on one device" },
  "name-user": { reachMs: DAY, shared: "alert's name and the user it is about" },
  "name-source": { reachMs: HOUR, shared: "alert's name and where it came from" },
  "process-source": { reachMs: HOUR, shared: "process's content and where it came from" },
  "health-device": { reachMs: 7 * DAY, shared: "trouble of one device's agent" },
  "health-site": { reachMs: HOUR / 4, shared: "trouble of agents of one site" },
  record: { reachMs: 0, shared: "record, seen by two connections" },
};

export function reachOf(key: string): number {
  return LINKS[kindOf(key)].reachMs;
}

export function kindOf(key: string): LinkKind {
  const kind = key.slice(0, key.indexOf(":"));
  return Object.hasOwn(LINKS, kind) ? (kind as LinkKind) : "record";
}

/** As the index of links has it: half as long, so that what a page has to look through stays in memory for longer. Ninety-six bits: two alike are as likely as nothing. */
export function linkId(key: string): string {
  return hash("sha256", key, "base64url").slice(0, 16);
}

/** As shown: what stands behind the kind. */
export function valueOf(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}

/** What links are made of; null where the record does not say. */
export interface LinkParts {
  readonly storyline: string | null;
  /** SHA-1 where there is one, as every stream gives that. */
  readonly hash: string | null;
  /** `file`: the hash is of what was found; `process`: of what did it, which may be a tool of the system that does much else. */
  readonly hashOf: "file" | "process";
  readonly name: string | null;
  /** The agent's UUID, which all streams share; else the device's name. */
  readonly device: string | null;
  readonly user: string | null;
  /** The host or address that it came from. */
  readonly source: string | null;
}

/** Never none: what has nothing in common with anything is itself, whoever reads it. */
export function linksOf({ storyline, hash: content, hashOf, name, device, user, source }: LinkParts, record: string): readonly LinkKey[] {
  const links: LinkKey[] = [];
  const add = (kind: LinkKind, ...parts: readonly (string | null)[]): void => {
    if (parts.every((part) => part !== null)) links.push(keyOf(kind, parts));
  };
  add("storyline", storyline);
  if (content !== null) {
    if (hashOf === "file") add("file-device", content, device);
    else add("file-name-device", content, name, device);
    add("outbreak", content, name);
    if (hashOf === "process") add("process-source", content, source);
  }
  if (user !== null) {
    add("name-user", name, user);
    add("name-source", name, source);
  } else if (content === null) add("name-device", name, device);
  if (links.length === 0) links.push(keyOf("record", [record]));
  return links;
}

const LONGEST_PART = 120;

/** Case and blanks do not matter; what is long is known by its hash. */
export function keyOf(kind: LinkKind, parts: readonly string[]): LinkKey {
  return `${kind}:${parts.map(folded).join(" | ")}`;
}

function folded(part: string): string {
  const text = part.trim().toLowerCase().replace(/\s+/g, " ");
  return text.length <= LONGEST_PART ? text : `${text.slice(0, LONGEST_PART - 17).toWellFormed()}~${hash("sha256", text, "base64url").slice(0, 16)}`;
}
