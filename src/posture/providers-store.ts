/**
 * Providers as they are kept: added with a secret shown once, changed, given another secret, listed, removed, found by what a request proves. Who sees only
 * some tenants sees and makes providers of those alone.
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
  /** Until when the secret before this one counts too; null for not at all. */
  readonly previousUntil: number | null;
  /** Ids of the rules that count; null for every rule that speaks of the device. */
  readonly rules: readonly string[] | null;
}

export interface NewProvider extends Pick<Provider, "kind" | "name" | "tenant" | "access" | "scores" | "rules"> {
  readonly createdBy: string;
}

const MOST_PROVIDERS = 1_000;
/** Time to paste the new one; whoever lost the old one gives none. */
export const LONGEST_OVERLAP_MS = 7 * 86_400_000;

function providers(db: Database) {
  return db.withTables<{ posture_providers: ProviderRow }>();
}

export async function addProvider(tx: Tx, draft: NewProvider, now: number): Promise<{ readonly provider: Provider; readonly secret: Secret }> {
  const { pass, warn, fail } = checkedScores(draft.scores);
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
    previous_hash: null,
    previous_until: null,
    rules: draft.rules === null ? null : JSON.stringify(draft.rules),
  };
  await providers(tx.db).insertInto("posture_providers").values(row).execute();
  return { provider: fromRow(row), secret: new Secret(secret) };
}

function checkedScores(scores: Provider["scores"]): Provider["scores"] {
  const { pass, warn, fail } = scores;
  if (!(pass > warn && warn > fail)) throw new Fault("CONFIG_INVALID", "The scores have to fall from `pass` over `warn` to `fail`, so that one limit tells them apart.");
  return scores;
}

/** Another secret; the one before counts for `overlapMs` more, and not at all where that is nought. */
export async function rotateProvider(tx: Tx, scope: TenantScope, reference: string, overlapMs: number, now: number): Promise<{ readonly provider: Provider; readonly secret: Secret }> {
  const before = await findProvider(tx.db, scope, reference);
  const row = await providers(tx.db).selectFrom("posture_providers").selectAll().where("id", "=", before.id).executeTakeFirstOrThrow();
  const secret = randomBytes(32).toString("hex");
  const changed = { secret_hash: digest(secret).toString("hex"), previous_hash: overlapMs === 0 ? null : row.secret_hash, previous_until: overlapMs === 0 ? null : now + overlapMs };
  await providers(tx.db).updateTable("posture_providers").set(changed).where("id", "=", before.id).execute();
  return { provider: fromRow({ ...row, ...changed }), secret: new Secret(secret) };
}

export interface ProviderEdit {
  readonly name?: string;
  readonly rules?: readonly string[] | null;
  readonly scores?: Partial<Provider["scores"]>;
}

/** What is left out stays as it is. */
export async function changeProvider(tx: Tx, scope: TenantScope, reference: string, edit: ProviderEdit): Promise<Provider> {
  const before = await findProvider(tx.db, scope, reference);
  const scores = checkedScores({ ...before.scores, ...edit.scores });
  const after: Provider = { ...before, scores, name: edit.name === undefined ? before.name : nameOf(edit.name), rules: edit.rules === undefined ? before.rules : edit.rules };
  const changed = { name: after.name, rules: after.rules === null ? null : JSON.stringify(after.rules), score_pass: scores.pass, score_warn: scores.warn, score_fail: scores.fail };
  await providers(tx.db).updateTable("posture_providers").set(changed).where("id", "=", before.id).execute();
  return after;
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

/** Whose client id it is, and whether the secret is one that was given out and counts: compared whole, in the same time for any. */
export async function provenByToken(db: Database, clientId: string, secret: string, now: number): Promise<{ readonly provider: Provider | null; readonly right: boolean }> {
  const row = await providers(db).selectFrom("posture_providers").selectAll().where("client_id", "=", clientId).executeTakeFirst();
  const given = digest(secret);
  const same = timingSafeEqual(Buffer.from(row?.secret_hash ?? NO_SECRET, "hex"), given);
  const sameAsBefore = timingSafeEqual(Buffer.from(row?.previous_hash ?? NO_SECRET, "hex"), given);
  const beforeCounts = row !== undefined && row.previous_hash !== null && row.previous_until !== null && now < row.previous_until;
  return { provider: row === undefined ? null : fromRow(row), right: row !== undefined && (same || (sameAsBefore && beforeCounts)) };
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
    previousUntil: row.previous_until,
    rules: row.rules === null ? null : (JSON.parse(row.rules) as readonly string[]),
  };
}
