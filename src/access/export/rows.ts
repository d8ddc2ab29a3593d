/** Rows of a spool as its writers read them. */
import type { PrincipalFacts, PrincipalKind, ScopeKind } from "../model.ts";
import type { Spool } from "./spool.ts";

export interface PrincipalColumns {
  readonly connection: string;
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly tenant: string;
  /** `PrincipalFacts`. */
  readonly facts: string;
  readonly unread: number;
}

export interface ScopeColumns {
  readonly connection: string;
  readonly kind: ScopeKind;
  readonly id: string;
  readonly tenant: string;
  readonly parent_kind: ScopeKind | null;
  readonly parent_id: string | null;
  readonly name: string | null;
  readonly state: string | null;
  readonly inferred: number;
}

export interface RoleColumns {
  readonly connection: string;
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly description: string | null;
  readonly predefined: number | null;
  readonly scope_kind: ScopeKind | null;
  readonly scope_id: string | null;
  /** Sorted JSON list. */
  readonly permissions: string | null;
  readonly inferred: number;
}

export interface BindingColumns {
  readonly connection: string;
  readonly principal_kind: PrincipalKind;
  readonly principal_id: string;
  readonly role: string;
  readonly scope_kind: ScopeKind;
  readonly scope_id: string;
  readonly tenant: string;
  readonly seen_at: number;
  readonly absent_at: number | null;
  readonly doubted_at: number | null;
}

export const principals = ({ db }: Spool): IterableIterator<PrincipalColumns> => db.prepare<[], PrincipalColumns>("select * from principals order by connection, kind, id").iterate();
/** From the top of the tree down. */
export const scopes = ({ db }: Spool): IterableIterator<ScopeColumns> => db.prepare<[], ScopeColumns>("select s.* from scopes s join kinds k using (kind) order by s.connection, k.level, s.id").iterate();
export const roles = ({ db }: Spool): IterableIterator<RoleColumns> => db.prepare<[], RoleColumns>("select * from roles order by connection, id").iterate();
export const bindings = ({ db }: Spool): IterableIterator<BindingColumns> =>
  db.prepare<[], BindingColumns>("select * from bindings order by connection, principal_kind, principal_id, role, scope_kind, scope_id").iterate();

export function factsOf(row: Pick<PrincipalColumns, "facts">): PrincipalFacts {
  return JSON.parse(row.facts) as PrincipalFacts;
}

export function permissionsOf(row: Pick<RoleColumns, "permissions">): readonly string[] | null {
  return row.permissions === null ? null : (JSON.parse(row.permissions) as readonly string[]);
}

export function flag(value: number | null): boolean | null {
  return value === null ? null : value === 1;
}
