/**
 * The tables of a `.c1z` (C1ZF, its first version), with the columns and index names that every reader since 2023 expects; newer readers add theirs on opening. And what
 * has to be true of their rows before a file leaves us: the rules that readers check after a sync, and some that they only find out by.
 */
import type { Database } from "better-sqlite3";
import { MAX_ID_BYTES } from "./c1z-messages.ts";

export const C1Z_TABLES = `
  create table v1_resource_types (id integer primary key, external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
  create table v1_resources (id integer primary key, resource_type_id text not null, external_id text not null, parent_resource_type_id text, parent_resource_id text,
    data blob not null, sync_id text not null, discovered_at datetime not null);
  create table v1_entitlements (id integer primary key, resource_type_id text not null, resource_id text not null, external_id text not null,
    data blob not null, sync_id text not null, discovered_at datetime not null);
  create table v1_grants (id integer primary key, resource_type_id text not null, resource_id text not null, entitlement_id text not null, principal_resource_type_id text not null,
    principal_resource_id text not null, external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
  create table v1_assets (id integer primary key, external_id text not null, content_type text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
  create table v1_sync_runs (id integer primary key, sync_id text not null, started_at datetime not null, ended_at datetime, sync_token text not null);`;

/** Two names of `v1_resources` are swapped: so the first readers made them, and by these names every reader looks whether they are there. */
export const C1Z_INDEXES = `
  create unique index idx_resource_types_external_sync_v1 on v1_resource_types (external_id, sync_id);
  create index idx_resources_resource_type_id_v1 on v1_resources (resource_type_id);
  create index idx_resources_external_sync_v1 on v1_resources (parent_resource_type_id, parent_resource_id);
  create unique index idx_resources_parent_resource_id_v1 on v1_resources (external_id, sync_id);
  create index idx_entitlements_resource_id_v1 on v1_entitlements (resource_type_id, resource_id);
  create unique index idx_entitlements_external_sync_v1 on v1_entitlements (external_id, sync_id);
  create index idx_grants_resource_type_id_resource_id_v1 on v1_grants (resource_type_id, resource_id);
  create index idx_grants_principal_id_v1 on v1_grants (principal_resource_type_id, principal_resource_id);
  create index idx_grants_entitlement_id_principal_id_v1 on v1_grants (entitlement_id, principal_resource_type_id, principal_resource_id);
  create unique index idx_grants_external_sync_v1 on v1_grants (external_id, sync_id);
  create unique index idx_assets_external_sync_v1 on v1_assets (external_id, sync_id);
  create unique index idx_sync_runs_sync_id_v1 on v1_sync_runs (sync_id);`;

interface Rule {
  readonly says: string;
  /** One row that breaks it, named in its first column. */
  readonly broken: string;
}

const resource = (type: string, id: string): string => `exists (select 1 from v1_resources o where o.external_id = ${type} || ':' || ${id} and o.sync_id = r.sync_id)`;

const RULES: readonly Rule[] = [
  { says: "every resource is of a type in the file", broken: "select external_id from v1_resources r where not exists (select 1 from v1_resource_types t where t.external_id = r.resource_type_id and t.sync_id = r.sync_id) limit 1" },
  { says: "every parent is in the file", broken: `select external_id from v1_resources r where parent_resource_id is not null and not ${resource("r.parent_resource_type_id", "r.parent_resource_id")} limit 1` },
  { says: "every entitlement belongs to a resource in the file", broken: `select external_id from v1_entitlements r where not ${resource("r.resource_type_id", "r.resource_id")} limit 1` },
  { says: "every scope binding has an entitlement", broken: "select external_id from v1_resources r where resource_type_id = 'scope_binding' and not exists (select 1 from v1_entitlements e where e.external_id = r.external_id || ':assigned' and e.sync_id = r.sync_id) limit 1" },
  { says: "every grant is on a resource in the file", broken: `select external_id from v1_grants r where not ${resource("r.resource_type_id", "r.resource_id")} limit 1` },
  { says: "every grant is of an entitlement in the file", broken: "select external_id from v1_grants r where not exists (select 1 from v1_entitlements e where e.external_id = r.entitlement_id and e.sync_id = r.sync_id) limit 1" },
  { says: "every grant is to a principal in the file", broken: `select external_id from v1_grants r where not ${resource("r.principal_resource_type_id", "r.principal_resource_id")} limit 1` },
  ...["v1_resources", "v1_entitlements", "v1_grants"].map((table) => ({ says: `every id is 1 to ${String(MAX_ID_BYTES)} bytes long`, broken: `select substr(external_id, 1, 100) from ${table} where length(cast(external_id as blob)) not between 1 and ${String(MAX_ID_BYTES)} limit 1` })),
];

/** Undefined where the file keeps every rule; otherwise the rule and a row that breaks it. */
export function brokenRule(db: Database): string | undefined {
  for (const { says, broken } of RULES) {
    const found = db.prepare<[], string>(broken).pluck().get();
    if (found !== undefined) return `${says}, but not ${found}.`;
  }
  return undefined;
}
