/**
 * Risks that lie in a principal: how it signs in and when it last did, its token, who made it, whether anybody knows it. A page of principals is read with
 * one query, and each thing that the rules ask beside it with one more for the page. Built-in users of the vendor are not judged by invitation or list.
 */
import { sql, type RawBuilder } from "kysely";
import { textList } from "../store/conditions.ts";
import { addressKey, foldAddress } from "./addresses.ts";
import type { PrincipalFacts } from "./model.ts";
import { factSql, type Estate } from "./risk-estate.ts";
import { raised, RISKS, type FoundRisk, type RiskKind } from "./risk-model.ts";
import { holdingsOf, type Holdings } from "./risk-holdings.ts";
import type { ListRow } from "./risk-tables.ts";
import { judgeToken } from "./risk-tokens.ts";
import { dayBefore, daysSince, timeAfter } from "./risk-times.ts";

export const PAGE = 1_000;

export interface PrincipalInHand {
  readonly kind: string;
  readonly id: string;
  readonly facts: PrincipalFacts;
  readonly holdings: Holdings;
}

/** What a finding says beside its principal. */
export type Judged = Omit<FoundRisk, "principal" | "role" | "scope" | "about"> & { readonly about?: readonly string[] };

export interface SubjectFindings {
  /** Its place in the order of its phase. */
  readonly key: readonly string[];
  readonly found: readonly FoundRisk[];
}

const TOKENS = ["token-expiring", "token-expired", "token-never-expires", "token-unused"] as const satisfies readonly RiskKind[];

/** Pages of principals with something against them, by kind and id. */
export async function* principalRisks(estate: Estate, wanted: ReadonlySet<RiskKind>, from: readonly string[] | null): AsyncGenerator<readonly SubjectFindings[]> {
  const which = conditionOf(estate, wanted);
  if (which === null) return;
  for (let after = from; ; ) {
    const behind = after === null ? sql`1 = 1` : sql`(kind, id) > (${after[0] ?? ""}, ${after[1] ?? ""})`;
    const one = estate.principal === null ? sql`1 = 1` : sql`(id = ${estate.principal} OR email_key = ${foldAddress(estate.principal)})`;
    const { rows } = await sql<{ kind: string; id: string; facts: string }>`
      SELECT kind, id, facts FROM access_principals WHERE tenant_id = ${estate.tenant} AND connection_id = ${estate.connection} AND ${behind} AND ${one} AND (${which})
      ORDER BY kind, id LIMIT ${PAGE}`.execute(estate.db);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield await judgePage(estate, wanted, rows.map((row) => ({ kind: row.kind, id: row.id, facts: JSON.parse(row.facts) as PrincipalFacts })));
    if (rows.length < PAGE) return;
    after = [last.kind, last.id];
  }
}

/** Rows that some wanted rule may find something in; the rules themselves decide. Null: none. */
function conditionOf({ kind, thresholds, now, lists }: Estate, wanted: ReadonlySet<RiskKind>): RawBuilder<unknown> | null {
  const any: RawBuilder<unknown>[] = [];
  const asks = (risks: readonly RiskKind[]): boolean => risks.some((risk) => wanted.has(risk));
  const lastUsed = factSql(kind, "lastUsed");
  if (asks(["no-2fa", "local-beside-sso"]) || (asks(["not-in-list"]) && lists.length > 0)) any.push(sql`kind = 'user'`);
  else {
    if (asks(["never-signed-in"])) any.push(sql`(kind = 'user' AND ${lastUsed} IS NULL)`);
    if (asks(["stale"])) any.push(sql`(kind = 'user' AND ${lastUsed} < ${dayBefore(now, thresholds.staleDays - 1)})`);
  }
  if (asks(["token-over-scoped"])) any.push(sql`kind = 'service-user'`);
  else {
    if (asks(TOKENS)) any.push(sql`(kind = 'service-user' AND ${factSql(kind, "token")} IS NOT NULL)`);
    if (asks(["creator-gone"])) any.push(sql`(kind = 'service-user' AND ${factSql(kind, "createdBy")} IS NOT NULL)`);
  }
  return any.length === 0 ? null : sql.join(any, sql` OR `);
}

async function judgePage(estate: Estate, wanted: ReadonlySet<RiskKind>, rows: readonly Omit<PrincipalInHand, "holdings">[]): Promise<readonly SubjectFindings[]> {
  const holdings = await holdingsOf(estate, rows);
  const page = rows.map((row) => ({ ...row, holdings: holdings(row.kind, row.id) }));
  const users = page.filter((one) => one.kind === "user");
  const services = page.filter((one) => one.kind === "service-user");
  const turnedOff = wanted.has("no-2fa") ? await turnedOffAt(estate, users) : new Map<string, number>();
  const strangers = wanted.has("not-in-list") ? await strangersOf(estate, users) : new Map<string, readonly Missing[]>();
  const gone = wanted.has("creator-gone") ? await creatorsGone(estate, services) : new Map<string, GoneCreator>();
  return page.flatMap((one) => {
    const judged = one.kind === "user" ? [...judgeUser(estate, one, turnedOff.get(one.id)), ...(strangers.get(one.id) ?? []).map((missing) => notInList(one, missing))] : [...judgeToken(estate, one), ...creatorGone(one, gone.get(one.facts.createdBy?.id ?? ""))];
    const found = judged.filter(({ risk }) => wanted.has(risk)).map((each) => complete(one, each));
    return found.length === 0 ? [] : [{ key: [one.kind, one.id], found }];
  });
}

function complete({ kind, id, facts, holdings }: PrincipalInHand, judged: Judged): FoundRisk {
  const { about = [], ...rest } = judged;
  // Of an administrator everything weighs more, but how near an end is, and how far a role reaches, which say it already.
  const steps = holdings.admin !== null && judged.risk !== "token-expired" && judged.risk !== "token-over-scoped" ? 1 : 0;
  return {
    ...rest,
    severity: raised(judged.severity, steps),
    evidence: holdings.admin === null ? rest.evidence : { ...rest.evidence, administers: holdings.admin },
    principal: { kind, id, name: facts.name, email: facts.email },
    role: null,
    scope: null,
    about: [kind, id, ...about],
  };
}

function judgeUser({ thresholds, ssoUsers, now }: Estate, { facts }: PrincipalInHand, turnedOff: number | undefined): readonly Judged[] {
  const found: Judged[] = [];
  const local = facts.source === "local" || facts.source === null || facts.source === "global";
  const off = facts.twoFaEnabled === false || (facts.twoFaEnabled === null && (facts.twoFaStatus === "not_configured" || facts.twoFaStatus === "enrollment_expired"));
  const unfinished = facts.twoFaEnabled === true && (facts.twoFaStatus === "not_configured" || facts.twoFaStatus === "enrollment_expired");
  if ((local || thresholds.twoFactorOfSso) && (off || unfinished)) {
    found.push({
      risk: "no-2fa",
      severity: unfinished ? "medium" : RISKS["no-2fa"].severity,
      confidence: "high",
      evidence: { twoFaEnabled: facts.twoFaEnabled, twoFaStatus: facts.twoFaStatus, source: facts.source, lastUsed: facts.lastUsed },
      since: turnedOff === undefined ? null : timeAfter(turnedOff),
    });
  }
  if (facts.source === "local" && ssoUsers >= thresholds.ssoUsers) {
    found.push({ risk: "local-beside-sso", severity: RISKS["local-beside-sso"].severity, confidence: "high", evidence: { source: facts.source, ssoUsers, lastUsed: facts.lastUsed, twoFaEnabled: facts.twoFaEnabled }, since: timeAfter(facts.createdAt) });
  }
  const invitedDays = daysSince(facts.createdAt, now);
  if (facts.isSystem !== true && facts.status === "never-signed-in" && (invitedDays === null || invitedDays >= thresholds.neverSignedInDays)) {
    found.push({ risk: "never-signed-in", severity: RISKS["never-signed-in"].severity, confidence: "high", evidence: { createdAt: facts.createdAt, status: facts.status, days: invitedDays, afterDays: thresholds.neverSignedInDays }, since: timeAfter(facts.createdAt, thresholds.neverSignedInDays) });
  }
  const idleDays = daysSince(facts.lastUsed, now);
  if (idleDays !== null && idleDays >= thresholds.staleDays) {
    found.push({ risk: "stale", severity: RISKS.stale.severity, confidence: "high", evidence: { lastUsed: facts.lastUsed, days: idleDays, afterDays: thresholds.staleDays }, since: timeAfter(facts.lastUsed, thresholds.staleDays) });
  }
  return found;
}

/** When the second factor of some of them was last seen to change, ms. */
async function turnedOffAt({ db, kind, connection }: Estate, users: readonly PrincipalInHand[]): Promise<ReadonlyMap<string, number>> {
  const ids = users.filter(({ facts }) => facts.twoFaEnabled !== true).map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; at: number }>`
    SELECT principal_id AS id, max(at) AS at FROM access_changes WHERE connection_id = ${connection} AND principal_kind = 'user' AND principal_id IN ${textList(kind, ids)}
      AND subject = 'principal' AND (change = 'added' OR field IN ('twoFaEnabled', 'twoFaStatus')) GROUP BY principal_id`.execute(db);
  return new Map(rows.map((row) => [row.id, Number(row.at)]));
}

interface Missing {
  readonly list: ListRow;
  /** `no-address`: nothing to look up. `gone`: the list has it as gone. */
  readonly why: "absent" | "gone" | "no-address";
}

async function strangersOf({ db, kind, lists }: Estate, users: readonly PrincipalInHand[]): Promise<ReadonlyMap<string, readonly Missing[]>> {
  const strangers = new Map<string, Missing[]>();
  const people = users.filter(({ facts }) => facts.isSystem !== true).map(({ id, facts }) => ({ id, key: facts.email === null ? null : addressKey(facts.email) }));
  const keys = people.flatMap(({ key }) => (key === null ? [] : [key]));
  for (const list of lists) {
    const { rows } = await sql<{ key: string; here: number }>`SELECT key, here FROM access_list_entries WHERE list_id = ${list.id} AND key IN ${textList(kind, keys)}`.execute(db);
    const listed = new Map(rows.map((row) => [row.key, row.here === 1]));
    for (const { id, key } of people) {
      const here = key === null ? undefined : listed.get(key);
      if (here === true) continue;
      strangers.set(id, [...(strangers.get(id) ?? []), { list, why: key === null ? "no-address" : here === false ? "gone" : "absent" }]);
    }
  }
  return strangers;
}

function notInList({ facts }: PrincipalInHand, { list, why }: Missing): Judged {
  return {
    risk: "not-in-list",
    severity: RISKS["not-in-list"].severity,
    confidence: why === "no-address" ? "low" : "high",
    evidence: { list: list.name, listKind: list.kind, listUploadedAt: timeAfter(Number(list.uploaded_at)), why, email: facts.email, source: facts.source, lastUsed: facts.lastUsed },
    since: null,
    about: [list.id],
  };
}

interface GoneCreator {
  /** When its removal was seen, ms; null where nobody saw it. */
  readonly at: number | null;
}

/** Creators that are among no principals of the console, by id. */
async function creatorsGone({ db, kind, connection, usersRead }: Estate, services: readonly PrincipalInHand[]): Promise<ReadonlyMap<string, GoneCreator>> {
  const ids = [...new Set(services.flatMap(({ facts }) => (typeof facts.createdBy?.id === "string" ? [facts.createdBy.id] : [])))];
  if (!usersRead || ids.length === 0) return new Map();
  const here = await sql<{ id: string }>`SELECT id FROM access_principals WHERE connection_id = ${connection} AND kind IN ('user', 'service-user') AND id IN ${textList(kind, ids)}`.execute(db);
  const known = new Set(here.rows.map((row) => row.id));
  const missing = ids.filter((id) => !known.has(id));
  const seen = await sql<{ id: string; at: number }>`
    SELECT principal_id AS id, max(at) AS at FROM access_changes WHERE connection_id = ${connection} AND principal_kind IN ('user', 'service-user') AND principal_id IN ${textList(kind, missing)}
      AND subject = 'principal' AND change = 'removed' GROUP BY principal_id`.execute(db);
  const removed = new Map(seen.rows.map((row) => [row.id, Number(row.at)]));
  return new Map(missing.map((id) => [id, { at: removed.get(id) ?? null }]));
}

/** A token that sees only a part of the console does not see whoever stands above it: then the creator is only perhaps gone. */
function creatorGone({ facts }: PrincipalInHand, gone: GoneCreator | undefined): readonly Judged[] {
  if (gone === undefined) return [];
  return [
    {
      risk: "creator-gone",
      severity: RISKS["creator-gone"].severity,
      confidence: gone.at === null ? "medium" : "high",
      evidence: { createdById: facts.createdBy?.id ?? null, createdByName: facts.createdBy?.name ?? null, createdAt: facts.createdAt, removalSeen: gone.at === null ? null : timeAfter(gone.at) },
      since: gone.at === null ? null : timeAfter(gone.at),
    },
  ];
}
