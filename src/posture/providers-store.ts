/**
 * Providers as they are kept: added with a secret shown once, listed, removed, found by what a request proves. Who sees only some tenants
 * sees and makes providers of those alone.
 */
import { oneByReference } from "../kernel/reference.ts";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Fault } from "../kernel/fault.ts";
import { newId, type TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { withinScope } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import type { ProviderRow } from "./provider-tables.ts";

export interface Provider {
  readonly id: string;
  readonly kind: "cloudflare";
  readonly name: string;
  /** Null: all tenants. */
  readonly tenant: TenantId | null;
  readonly clientId: string;
  readonly access: { readonly team: string; readonly audience: string } | null;
  readonly scores: { readonly pass: number; readonly warn: number; readonly fail: number };
  readonly createdAt: number;
  readonly createdBy: string;
  readonly askedAt: number | null;
}

export interface NewProvider extends Pick<Provider, "kind" | "name" | "tenant" | "access" | "scores"> {
  readonly createdBy: string;
}

const MOST_PROVIDERS = 1_000;

function providers(db: Database) {
  return db.withTables<{ posture_providers: ProviderRow }>();
}

export async function addProvider(tx: Tx, draft: NewProvider, now: number): Promise<{ readonly provider: Provider; readonly secret: Secret }> {
  const { pass, warn, fail } = draft.scores;
  if (!(pass > warn && warn > fail)) throw new Fault("CONFIG_INVALID", "The scores have to fall from `pass` over `warn` to `fail`, so that one limit tells them apart.");
  const same = await providers(tx.db).selectFrom("posture_providers").select(["name", "team", "audience"]).execute();
  if (same.length >= MOST_PROVIDERS) throw new Fault("CONFIG_INVALID", `There are ${String(MOST_PROVIDERS)} providers already.`);
  if (draft.access !== null && same.some(({ team, audience }) => team === draft.access?.team && audience === draft.access.audience)) {
    throw new Fault("ALREADY_EXISTS", "That application of Cloudflare Access is a provider already.", { cure: "Remove the other provider first, or make another application." });
  }
  const secret = randomBytes(32).toString("hex");
  const row: ProviderRow = {
    id: newId("provider", now),
    kind: draft.kind,
    name: nameOf(draft.name),
    tenant_id: draft.tenant,
    client_id: `${randomBytes(16).toString("hex")}.vedette`,
    secret_hash: digest(secret).toString("hex"),
    team: draft.access?.team ?? null,
    audience: draft.access?.audience ?? null,
    score_pass: pass,
    score_warn: warn,
    score_fail: fail,
    created_at: now,
    created_by: draft.createdBy,
    asked_at: null,
  };
  await providers(tx.db).insertInto("posture_providers").values(row).execute();
  return { provider: fromRow(row), secret: new Secret(secret) };
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name === "" || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw new Fault("CONFIG_INVALID", "A provider's name has 1 to 100 characters and no control characters.");
  return name;
}

export async function listProviders(db: Database, scope: TenantScope): Promise<readonly Provider[]> {
  const rows = await providers(db).selectFrom("posture_providers").selectAll().where(withinScope(scope)).orderBy("id").execute();
  return rows.map(fromRow);
}

/** By id, or by name where one visible provider has it. */
export async function findProvider(db: Database, scope: TenantScope, reference: string): Promise<Provider> {
  const found = (await listProviders(db, scope)).filter(({ id, name }) => id === reference || name === reference);
  return oneByReference(found, reference, "provider", "vedette posture providers list");
}

export async function removeProvider(tx: Tx, scope: TenantScope, reference: string): Promise<Provider> {
  const provider = await findProvider(tx.db, scope, reference);
  await providers(tx.db).deleteFrom("posture_providers").where("id", "=", provider.id).execute();
  return provider;
}

const NO_SECRET = digest("").toString("hex");

/** Whose client id it is, and whether the secret is the one that was given out: compared whole, in the same time for any. */
export async function provenByToken(db: Database, clientId: string, secret: string): Promise<{ readonly provider: Provider | null; readonly right: boolean }> {
  const row = await providers(db).selectFrom("posture_providers").selectAll().where("client_id", "=", clientId).executeTakeFirst();
  const same = timingSafeEqual(Buffer.from(row?.secret_hash ?? NO_SECRET, "hex"), digest(secret));
  return { provider: row === undefined ? null : fromRow(row), right: row !== undefined && same };
}

/** Those before which Cloudflare Access stands. */
export async function accessProviders(db: Database): Promise<readonly Provider[]> {
  const rows = await providers(db).selectFrom("posture_providers").selectAll().where("team", "is not", null).orderBy("id").execute();
  return rows.map(fromRow);
}

export async function noteAsked(tx: Tx, id: string, now: number): Promise<void> {
  await providers(tx.db).updateTable("posture_providers").set({ asked_at: now }).where("id", "=", id).execute();
}

export function scopeOf(provider: Provider): TenantScope {
  return provider.tenant === null ? EVERY_TENANT : onlyTenants(provider.tenant);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function fromRow(row: ProviderRow): Provider {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    tenant: row.tenant_id as TenantId | null,
    clientId: row.client_id,
    access: row.team === null || row.audience === null ? null : { team: row.team, audience: row.audience },
    scores: { pass: row.score_pass, warn: row.score_warn, fail: row.score_fail },
    createdAt: row.created_at,
    createdBy: row.created_by,
    askedAt: row.asked_at,
  };
}
