/** `access who`, `what` and `why`: answers with what they rest on; what is missing goes to standard error. */
import type { BindingSince, WhatAnswer, WhoAnswer, WhyAnswer } from "../kernel/access-api.ts";
import { noteCoverage, scopeText, sinceText } from "./access-list.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_NO, EXIT_OK } from "./faults.ts";
import { count, plural, time } from "./format.ts";
import type { ApiClient, QueryValue } from "./ports.ts";
import { clean, type Terminal } from "./terminal.ts";

export interface QuestionOptions extends JsonOption {
  readonly connection?: string;
  readonly limit?: number;
}

export interface WhoOptions extends QuestionOptions {
  readonly scope: string;
  readonly can?: string;
  readonly role?: string;
}

const TABLE_ROWS = 200;
const PAGE = 1000;

type WhoRow = WhoAnswer["items"][number];
type WhyPath = WhyAnswer["paths"][number];

/** All pages, or as many rows as wanted, as one answer. */
async function whole<T extends { readonly items: readonly unknown[]; readonly next: string | null }>(api: ApiClient, path: string, query: Readonly<Record<string, QueryValue>>, most: number): Promise<T> {
  const ask = (after: string | undefined, left: number): Promise<T> => api.request<T>("GET", path, { query: { ...query, after, limit: Math.min(left, PAGE) } });
  let answer = await ask(undefined, most);
  while (answer.next !== null && answer.items.length < most) {
    const more = await ask(answer.next, most - answer.items.length);
    if (more.items.length === 0) break;
    answer = { ...answer, items: [...answer.items, ...more.items], next: more.next };
  }
  return answer;
}

export async function who(context: CliContext, api: ApiClient, options: WhoOptions): Promise<number> {
  const most = options.limit ?? (options.json === true ? Number.MAX_SAFE_INTEGER : TABLE_ROWS);
  const found = await whole<WhoAnswer>(api, "/api/v1/access/who", { scope: options.scope, can: options.can, role: options.role, connection: options.connection }, most);
  // Whoever has them all can tell how many they are.
  const answer: WhoAnswer = found.next === null ? { ...found, total: found.items.length, totalIs: "exact" } : found;
  if (options.json === true) {
    context.out.json(answer);
    return EXIT_OK;
  }
  const { out } = context;
  const asked = [...(answer.permission === null ? [] : [`can ${answer.permission.asked} (${answer.permission.id})`]), ...(options.role === undefined ? [] : [`hold ${options.role}`])];
  out.line(clean(`${whereText(answer)}: ${answer.totalIs === "exact" ? "" : "more than "}${plural(answer.total, "role")} held${asked.length === 0 ? "" : ` by those who ${asked.join(" and ")}`}`));
  out.table(
    ["WHO", "KIND", "ROLE", "HELD ON", "HOW", ...(answer.permission === null ? [] : ["CAN"]), "SINCE"],
    answer.items.map((row) => [whoText(row), row.principal.kind, row.role.name, heldOnText(row), row.via === "direct" ? "direct" : `inherited: ${row.path.map(scopeText).join(" > ")}`, ...(row.grants === null ? [] : [row.grants]), sinceText(row.since)]),
  );
  if (answer.next !== null) out.note(`The first ${count(answer.items.length)} of ${answer.totalIs === "exact" ? "" : "more than "}${count(answer.total)}; --limit shows more, --json all.`);
  if (answer.total === 0) out.note(answer.notes.length === 0 && answer.coverage.complete ? "Nobody." : "Nobody that is known; see below what is missing.");
  missing(out, answer);
  return EXIT_OK;
}

function whoText({ principal }: WhoRow): string {
  const name = principal.email ?? principal.name ?? principal.id;
  return principal.status === "never-signed-in" ? `${name} (never signed in)` : name;
}

function heldOnText({ path: [held] }: WhoRow): string {
  return held === undefined ? "-" : scopeText(held);
}

function whereText({ scope, lies }: Pick<WhoAnswer, "scope" | "lies">): string {
  return [scope, ...lies].map(scopeText).join(", in ");
}

function missing(out: Terminal, { notes, coverage }: Pick<WhoAnswer, "notes" | "coverage">): void {
  for (const note of notes) out.note(clean(`Note: ${note}.`));
  noteCoverage(out, [coverage]);
}

export async function what(context: CliContext, api: ApiClient, principal: string, options: QuestionOptions): Promise<number> {
  const most = options.limit ?? (options.json === true ? Number.MAX_SAFE_INTEGER : TABLE_ROWS);
  const answer = await whole<WhatAnswer>(api, "/api/v1/access/what", { principal, connection: options.connection }, most);
  if (options.json === true) {
    context.out.json(answer);
    return EXIT_OK;
  }
  const { out } = context;
  const { principal: of, covers } = answer;
  out.facts([
    ["who", `${of.name ?? "(no name)"}${of.email === null ? "" : `, ${of.email}`}, ${of.kind} ${of.id}`],
    ["status", [of.status, ...(of.source === null ? [] : [`source ${of.source}`]), ...(of.twoFaEnabled === null ? [] : [of.twoFaEnabled ? "2FA on" : "no 2FA"])].join(", ")],
    ["last used", time(of.lastUsed)],
    ["token", of.token === null ? "none" : `made ${time(of.token.createdAt)}, ends ${time(of.token.expiresAt)}`],
    ["reaches", `${plural(covers.accounts, "account")}, ${plural(covers.sites, "site")}, ${plural(covers.groups, "group")}`],
  ]);
  out.line();
  out.table(
    ["ROLE", "ON", "ID", "COVERS", "MAY", "SINCE"],
    answer.items.map((item) => [item.role.name, scopeText(item.scope), item.scope.id, `${plural(item.covers.sites, "site")}, ${plural(item.covers.groups, "group")}`, permissionText(answer, item.role.id), sinceText(item.since)]),
  );
  if (answer.total === 0) out.note(of.unread === 0 ? "Holds no role." : "Holds no role that could be read.");
  if (answer.items.length < answer.total) out.note(`The first ${count(answer.items.length)} of ${count(answer.total)}; --limit shows more, --json all.`);
  out.note("What each role permits: --json, or `vedette access list roles --json`.");
  missing(out, answer);
  return EXIT_OK;
}

function permissionText(answer: WhatAnswer, role: string): string {
  const permissions = answer.roles.find(({ id }) => id === role)?.permissions ?? null;
  return permissions === null ? "not readable" : plural(permissions.length, "permission");
}

/** 0 where it is so or may be, 1 where it is not. */
export async function why(context: CliContext, api: ApiClient, principal: string, role: string, scope: string, options: QuestionOptions): Promise<number> {
  const answer = await api.request<WhyAnswer>("GET", "/api/v1/access/why", { query: { principal, role, scope, connection: options.connection } });
  if (options.json === true) context.out.json(answer);
  else page(context.out, answer);
  return answer.holds === "no" ? EXIT_NO : EXIT_OK;
}

function page(out: Terminal, answer: WhyAnswer): void {
  const who = answer.principal.email ?? answer.principal.name ?? answer.principal.id;
  const asked = answer.asked.permission === null ? answer.asked.role : `${answer.asked.permission.asked} (${answer.asked.permission.id})`;
  const verdict = { yes: "yes", may: answer.paths.length === 0 ? "perhaps: not all that it holds could be read" : "perhaps: what the role permits could not be read", no: "no" }[answer.holds];
  out.line(clean(`${who}, ${asked}, on ${whereText(answer)}: ${verdict}`));
  for (const path of answer.paths) pathLines(out, who, path);
  missing(out, answer);
}

function pathLines(out: Terminal, who: string, path: WhyPath): void {
  out.line();
  for (const step of path.steps) {
    if (step.step === "contains") out.line(clean(`  ${scopeText(step.scope)} contains ${scopeText(step.contains)}`));
    else {
      out.line(clean(`  ${who} holds ${step.role.name} on ${scopeText(step.scope)}`));
      out.line(clean(`    since: ${evidenceText(step.since)}`));
      out.line(clean(`    given by: ${step.by === null ? "not known: it was there when this console was first read" : actorText(step.by)}`));
    }
  }
}

type Actor = NonNullable<Extract<WhyPath["steps"][number], { readonly step: "holds" }>["by"]>;

function actorText(actor: Actor): string {
  const name = actor.email ?? actor.name ?? actor.id;
  return name === null ? `not known: ${actor.because}` : `${name} (confidence ${actor.confidence ?? "?"}: ${actor.because})`;
}

function evidenceText(since: BindingSince): string {
  const { evidence, from, to, doubtedAt } = since;
  const words = evidence === "seen-arriving" ? `seen arriving between ${time(from)} and ${time(to)}` : `there at the first reading at ${time(to)}${from === null ? "" : `, and no older than its holder (${time(from)})`}`;
  return doubtedAt === null ? words : `${words}; not stated since ${time(doubtedAt)}, which a second reading has yet to confirm`;
}
