/**
 * The graph as one table. A row is an assignment (`binding`) with its principal, role and scope told in full, ready for a review; whatever no assignment names has a
 * row of its own (`principal`, `role`, `scope`), so that nothing is lost, and what could not be read has one too (`missing`). Columns are only ever added, at the end.
 */
import type { AccessCoverage } from "../../kernel/access-api.ts";
import { isoTime } from "../../kernel/clock.ts";
import { csvRow } from "../../kernel/csv.ts";
import type { PrincipalFacts } from "../model.ts";
import type { BindingColumns, PrincipalColumns, RoleColumns, ScopeColumns } from "./rows.ts";
import { factsOf, flag, permissionsOf } from "./rows.ts";
import type { Spool } from "./spool.ts";
import { TextFile } from "./text-file.ts";

const COLUMNS = [
  "record", "connection", "connection_name", "tenant",
  "principal_kind", "principal_id", "principal_name", "principal_email", "principal_source", "principal_status", "two_fa_enabled", "email_verified", "created_at", "first_login", "last_used", "token_created_at", "token_expires_at",
  "role_id", "role_name", "role_predefined", "role_permissions",
  "scope_kind", "scope_id", "scope_name", "scope_state", "scope_parent_kind", "scope_parent_id", "scope_path",
  "account_id", "account_name", "site_id", "site_name", "group_id", "group_name",
  "there_since_first_reading", "seen_at", "not_there_at", "not_stated_since", "note",
  "principal_unread",
] as const;
type Cells = Partial<Record<(typeof COLUMNS)[number], string | number | boolean | null>>;

export function writeCsv(spool: Spool, file: string, coverage: readonly AccessCoverage[]): void {
  const out = new TextFile(file);
  const names = new Map(coverage.map(({ connection, name }) => [connection, name]));
  const write = (cells: Cells): void => out.write(csvRow(COLUMNS.map((column) => (column === "connection_name" ? names.get(String(cells.connection)) : cells[column]))));
  try {
    out.write(csvRow(COLUMNS));
    for (const row of spool.db.prepare<[], Joined>(BINDINGS).iterate()) write({ record: "binding", ...common(row), ...principalCells(row), ...roleCells(row), ...scopeCells(row), ...sinceCells(row) });
    for (const row of spool.db.prepare<[], PrincipalColumns>(LONE_PRINCIPALS).iterate()) write({ record: "principal", ...common(row), ...principalCells({ ...row, principal_kind: row.kind, principal_id: row.id }) });
    for (const row of spool.db.prepare<[], RoleColumns>(LONE_ROLES).iterate()) write({ record: "role", ...common(row), ...roleCells({ ...row, role: row.id, role_name: row.name }), note: row.inferred === 1 ? REFERENCE : null });
    for (const row of spool.db.prepare<[], ScopeChain & ScopeColumns>(LONE_SCOPES).iterate()) write({ record: "scope", ...common(row), ...scopeCells(row), note: row.inferred === 1 ? REFERENCE : null });
    for (const one of coverage) for (const note of one.notes) write({ record: "missing", connection: one.connection, note });
  } finally {
    out.close();
  }
}

const REFERENCE = "known by reference only";

interface ScopeChain {
  readonly scope_kind: string;
  readonly scope_id: string;
  readonly scope_name: string | null;
  readonly scope_state: string | null;
  readonly k1: string | null;
  readonly i1: string | null;
  readonly n1: string | null;
  readonly k2: string | null;
  readonly i2: string | null;
  readonly n2: string | null;
  readonly k3: string | null;
  readonly i3: string | null;
  readonly n3: string | null;
}

type Joined = BindingColumns & ScopeChain & { readonly facts: string; readonly unread: number; readonly role_name: string; readonly predefined: number | null; readonly permissions: string | null };

const CHAIN = "s.name as scope_name, s.state as scope_state, a.kind as k1, a.id as i1, a.name as n1, b.kind as k2, b.id as i2, b.name as n2, c.kind as k3, c.id as i3, c.name as n3";
/** Four levels, so three steps up at most. */
const ABOVE = `
  left join scopes a on a.connection = s.connection and a.kind = s.parent_kind and a.id = s.parent_id
  left join scopes b on b.connection = s.connection and b.kind = a.parent_kind and b.id = a.parent_id
  left join scopes c on c.connection = s.connection and c.kind = b.parent_kind and c.id = b.parent_id`;
const BINDINGS = `
  select x.*, p.facts, p.unread, r.name as role_name, r.predefined, r.permissions, ${CHAIN} from bindings x
  join principals p on p.connection = x.connection and p.kind = x.principal_kind and p.id = x.principal_id
  join roles r on r.connection = x.connection and r.id = x.role
  join scopes s on s.connection = x.connection and s.kind = x.scope_kind and s.id = x.scope_id ${ABOVE}
  order by x.connection, x.principal_kind, x.principal_id, x.role, x.scope_kind, x.scope_id`;
const LONE_PRINCIPALS = "select * from principals p where not exists (select 1 from bindings x where x.connection = p.connection and x.principal_kind = p.kind and x.principal_id = p.id) order by connection, kind, id";
const LONE_ROLES = "select * from roles r where not exists (select 1 from bindings x where x.connection = r.connection and x.role = r.id) order by connection, id";
const LONE_SCOPES = `
  select s.*, s.kind as scope_kind, s.id as scope_id, ${CHAIN} from scopes s join kinds k on k.kind = s.kind ${ABOVE}
  where not exists (select 1 from bindings x where x.connection = s.connection and x.scope_kind = s.kind and x.scope_id = s.id) order by s.connection, k.level, s.id`;

function common({ connection, tenant }: { readonly connection: string; readonly tenant: string }): Cells {
  return { connection, tenant };
}

function principalCells(row: { readonly principal_kind: string; readonly principal_id: string; readonly facts: string; readonly unread: number }): Cells {
  const facts: PrincipalFacts = factsOf(row);
  return {
    principal_kind: row.principal_kind,
    principal_id: row.principal_id,
    principal_name: facts.name,
    principal_email: facts.email,
    principal_source: facts.source,
    principal_status: facts.status,
    two_fa_enabled: facts.twoFaEnabled,
    email_verified: facts.emailVerified,
    created_at: facts.createdAt,
    first_login: facts.firstLogin,
    last_used: facts.lastUsed,
    token_created_at: facts.token?.createdAt ?? null,
    token_expires_at: facts.token?.expiresAt ?? null,
    principal_unread: row.unread,
  };
}

/** Of its permissions the number: the list is in the JSON. */
function roleCells(row: { readonly role: string; readonly role_name: string; readonly predefined: number | null; readonly permissions: string | null }): Cells {
  return { role_id: row.role, role_name: row.role_name, role_predefined: flag(row.predefined), role_permissions: permissionsOf(row)?.length ?? null };
}

function scopeCells(row: ScopeChain): Cells {
  const chain = [
    { kind: row.scope_kind, id: row.scope_id, name: row.scope_name },
    { kind: row.k1, id: row.i1, name: row.n1 },
    { kind: row.k2, id: row.i2, name: row.n2 },
    { kind: row.k3, id: row.i3, name: row.n3 },
  ];
  const at = (kind: string) => chain.find((one) => one.kind === kind);
  return {
    scope_kind: row.scope_kind,
    scope_id: row.scope_id,
    scope_name: row.scope_name,
    scope_state: row.scope_state,
    scope_parent_kind: row.k1,
    scope_parent_id: row.i1,
    scope_path: chain.flatMap(({ id, name }) => (id === null ? [] : [name ?? id])).toReversed().join(" / "),
    account_id: at("account")?.id ?? null,
    account_name: at("account")?.name ?? null,
    site_id: at("site")?.id ?? null,
    site_name: at("site")?.name ?? null,
    group_id: at("group")?.id ?? null,
    group_name: at("group")?.name ?? null,
  };
}

function sinceCells({ seen_at: seen, absent_at: absent, doubted_at: doubted }: BindingColumns): Cells {
  return { there_since_first_reading: absent === null, seen_at: isoTime(seen), not_there_at: absent === null ? null : isoTime(absent), not_stated_since: doubted === null ? null : isoTime(doubted) };
}
