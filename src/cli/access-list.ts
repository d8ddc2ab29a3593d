/** `access list`: what the graph holds, and on standard error what is missing from it. */
import type { AccessCoverage, AccessRoleView, BindingSince, BindingView, PrincipalView, ScopeView } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, day, time } from "./format.ts";
import { gather, listItems, printArray } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean, type Terminal } from "./terminal.ts";

export interface ListOptions extends JsonOption {
  readonly connection?: string;
  readonly text?: string;
  readonly limit?: number;
}

const SEARCHED = ["principals", "scopes"];

const TABLE_ROWS = 200;

interface Shown {
  readonly head: readonly string[];
  readonly row: (item: never) => readonly string[];
}

const SHOWN: Readonly<Record<string, Shown>> = {
  principals: {
    head: ["KIND", "NAME", "E-MAIL", "ID", "SOURCE", "STATUS", "2FA", "LAST USED", "TOKEN ENDS"],
    row: (one: PrincipalView) => [one.kind, one.name ?? "-", one.email ?? "-", one.id, one.source ?? "-", one.status, one.twoFaEnabled === null ? "-" : one.twoFaEnabled ? "yes" : "no", time(one.lastUsed), one.token === null ? "-" : time(one.token.expiresAt)],
  },
  scopes: { head: ["KIND", "NAME", "ID", "IN", "STATE"], row: (one: ScopeView) => [one.kind, one.name ?? "-", one.id, one.parent === null ? "-" : `${one.parent.kind}:${one.parent.id}`, one.inferred ? `${one.state ?? "-"} (not listed)` : (one.state ?? "-")] },
  roles: { head: ["NAME", "ID", "KIND", "DEFINED AT", "PERMISSIONS"], row: (one: AccessRoleView) => [one.name, one.id, one.predefined === null ? "-" : one.predefined ? "predefined" : "custom", one.scope === null ? "-" : `${one.scope.kind}:${one.scope.id}`, one.permissions === null ? "not readable" : count(one.permissions.length)] },
  bindings: { head: ["PRINCIPAL", "KIND", "ROLE", "SCOPE", "SCOPE ID", "SINCE"], row: (one: BindingView) => [one.principal.email ?? one.principal.name ?? one.principal.id, one.principal.kind, one.role.name, scopeText(one.scope), one.scope.id, sinceText(one.since)] },
};

export function scopeText({ kind, id, name }: { readonly kind: string; readonly id: string; readonly name: string | null }): string {
  return kind === "global" ? "global" : `${kind} ${name ?? id}`;
}

export function sinceText({ evidence, from, to, doubtedAt }: BindingSince): string {
  const since = evidence === "seen-arriving" ? `${time(from)} to ${time(to)}` : `before ${time(to)}${from === null ? "" : `, not before ${day(from)}`}`;
  return doubtedAt === null ? since : `${since}; not stated since ${time(doubtedAt)}`;
}

export async function listGraph(context: CliContext, api: ApiClient, what: string, options: ListOptions): Promise<number> {
  const shown = SHOWN[what] ?? SHOWN["principals"];
  const path = `/api/v1/access/${what}`;
  if (options.text !== undefined && !SEARCHED.includes(what)) throw new Fault("CONFIG_INVALID", `There is no search among ${what}.`, { cure: "Leave --text out; principals and scopes can be searched." });
  const wanted = { connection: options.connection, text: options.text };
  if (options.json === true) await printArray(context.out, listItems(api, path, { ...wanted, limit: Math.min(options.limit ?? 1000, 1000) }, options.limit));
  else {
    const most = options.limit ?? TABLE_ROWS;
    const rows = await gather(listItems<never>(api, path, { ...wanted, limit: Math.min(most, 1000) }, most));
    context.out.table(shown?.head ?? [], rows.map((row) => shown?.row(row) ?? []));
    if (rows.length === 0) context.out.note("Nothing is known of it.");
    if (rows.length === most) context.out.note(`The first ${count(most)}; --limit shows more, --json all.`);
  }
  const { items } = await api.request<{ readonly items: readonly AccessCoverage[] }>("GET", "/api/v1/access/coverage", { query: { connection: options.connection } });
  noteCoverage(context.out, items);
  return EXIT_OK;
}

/** What is missing goes to standard error, so that it is seen beside any output. */
export function noteCoverage(out: Terminal, items: readonly AccessCoverage[]): void {
  for (const { name, connection, notes } of items) for (const note of notes) out.note(clean(`${name ?? connection}: ${note}`));
}
