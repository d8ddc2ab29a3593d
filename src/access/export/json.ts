/**
 * The graph as one JSON object: `principals`, `roles`, `scopes` and `bindings`, each binding as the console states it and no other, references by the console's ids; with
 * it what every part rests on (`coverage`). The same rows give the same text.
 */
import type { AccessCoverage } from "../../kernel/access-api.ts";
import { isoTime } from "../../kernel/clock.ts";
import { bindings, factsOf, flag, permissionsOf, principals, roles, scopes, type BindingColumns, type PrincipalColumns, type RoleColumns, type ScopeColumns } from "./rows.ts";
import type { Spool } from "./spool.ts";
import { TextFile } from "./text-file.ts";

export function writeJson(spool: Spool, file: string, coverage: readonly AccessCoverage[]): void {
  const out = new TextFile(file);
  try {
    out.write(`{"coverage":${JSON.stringify(coverage)}`);
    list(out, "principals", principals(spool), principal);
    list(out, "roles", roles(spool), role);
    list(out, "scopes", scopes(spool), scope);
    list(out, "bindings", bindings(spool), binding);
    out.write("\n}\n");
  } finally {
    out.close();
  }
}

/** One item a line, so that a large file can be looked at. */
function list<Row>(out: TextFile, name: string, rows: Iterable<Row>, view: (row: Row) => object): void {
  let before = `,\n"${name}":[`;
  for (const row of rows) {
    out.write(`${before}\n${JSON.stringify(view(row))}`);
    before = ",";
  }
  out.write(before === "," ? "\n]" : `${before}]`);
}

function principal(row: PrincipalColumns): object {
  return { id: row.id, kind: row.kind, connection: row.connection, tenant: row.tenant, ...factsOf(row), unread: row.unread };
}

function role(row: RoleColumns): object {
  return {
    id: row.id,
    name: row.name,
    connection: row.connection,
    tenant: row.tenant,
    description: row.description,
    predefined: flag(row.predefined),
    scope: row.scope_id,
    scopeKind: row.scope_kind,
    permissions: permissionsOf(row),
    inferred: row.inferred === 1,
  };
}

function scope(row: ScopeColumns): object {
  return { id: row.id, kind: row.kind, name: row.name, connection: row.connection, tenant: row.tenant, parent: row.parent_id, parentKind: row.parent_kind, state: row.state, inferred: row.inferred === 1 };
}

function binding(row: BindingColumns): object {
  const { absent_at: absent, doubted_at: doubted } = row;
  return {
    principal: row.principal_id,
    role: row.role,
    scope: row.scope_id,
    principalKind: row.principal_kind,
    scopeKind: row.scope_kind,
    connection: row.connection,
    tenant: row.tenant,
    since: { evidence: absent === null ? "there-at-first-reading" : "seen-arriving", from: absent === null ? null : isoTime(absent), to: isoTime(row.seen_at), doubtedAt: doubted === null ? null : isoTime(doubted) },
  };
}
