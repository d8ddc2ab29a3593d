/**
 * Accounts of one console that seem to be one person's, with how sure that is: the same address (high), addresses that deliver to the same mailbox (medium),
 * the same whole name in the same domain (low). Groups are found in an index; accounts of several consoles are no risk, people need one on each.
 */
import { sql, type RawBuilder } from "kysely";
import { textList } from "../store/conditions.ts";
import { foldAddress } from "./addresses.ts";
import type { PrincipalFacts } from "./model.ts";
import type { Estate } from "./risk-estate.ts";
import { raised, RISKS, type Confidence, type FoundRisk, type RiskKind } from "./risk-model.ts";
import type { SubjectFindings } from "./risk-principals.ts";
import { timeAfter } from "./risk-times.ts";
import { HAS_MAILBOX, hasNamesakes, mailboxSql, namesakeSql } from "./risk-tables.ts";

const WAYS = ["mailbox", "namesake"] as const;
type Way = (typeof WAYS)[number];

/** Each with its accounts is held at once. */
const GROUPS = 250;
/** Accounts that are named in the evidence; more are counted. */
const NAMED = 20;
const STEPS: Readonly<Record<Confidence, number>> = { high: 0, medium: 0, low: -1 };

export async function* personRisks(estate: Estate, wanted: ReadonlySet<RiskKind>, from: readonly string[] | null): AsyncGenerator<readonly SubjectFindings[]> {
  if (!wanted.has("several-accounts")) return;
  for (const way of WAYS) {
    if (from !== null && WAYS.indexOf(way) < WAYS.indexOf(from[0] as Way)) continue;
    for (let after = from?.[0] === way ? (from[1] ?? null) : null; ; ) {
      const groups = await groupsAfter(estate, way, after);
      const last = groups.at(-1);
      if (last === undefined) break;
      // Found by their mailbox already.
      const telling = way === "mailbox" ? groups : groups.filter(({ mailboxes }) => mailboxes > 1);
      const members = await membersOf(estate, way, telling);
      yield telling.map((group) => ({ key: [way, group.key], found: [judge(way, group, members.get(group.key) ?? [])] }));
      if (groups.length < GROUPS) break;
      after = last.key;
    }
  }
}

interface Group {
  readonly key: string;
  readonly accounts: number;
  readonly addresses: number;
  readonly mailboxes: number;
}

function keyOf({ kind }: Estate, way: Way): { readonly key: RawBuilder<string>; readonly which: RawBuilder<boolean> } {
  return way === "mailbox" ? { key: sql.raw(mailboxSql(kind)), which: sql.raw(HAS_MAILBOX) } : { key: sql.raw(namesakeSql(kind)), which: sql.raw(hasNamesakes(kind)) };
}

async function groupsAfter(estate: Estate, way: Way, after: string | null): Promise<readonly Group[]> {
  const { key, which } = keyOf(estate, way);
  const behind = after === null ? sql`1 = 1` : sql`${key} > ${after}`;
  const theirs = sql`tenant_id = ${estate.tenant} AND connection_id = ${estate.connection} AND ${which}`;
  const one = estate.principal === null ? sql`1 = 1` : sql`${key} IN (SELECT ${key} FROM access_principals WHERE ${theirs} AND (id = ${estate.principal} OR email_key = ${foldAddress(estate.principal)}))`;
  const { rows } = await sql<Group>`
    SELECT ${key} AS key, count(*) AS accounts, count(DISTINCT email_key) AS addresses, count(DISTINCT ${sql.raw(mailboxSql(estate.kind))}) AS mailboxes FROM access_principals
    WHERE ${theirs} AND ${behind} AND ${one} GROUP BY ${key} HAVING count(*) > 1 ORDER BY 1 LIMIT ${GROUPS}`.execute(estate.db);
  return rows.map((row) => ({ key: row.key, accounts: Number(row.accounts), addresses: Number(row.addresses), mailboxes: Number(row.mailboxes) }));
}

interface Account {
  readonly id: string;
  readonly facts: PrincipalFacts;
}

/** The first accounts of each group, by the group's key. */
async function membersOf(estate: Estate, way: Way, groups: readonly Group[]): Promise<ReadonlyMap<string, readonly Account[]>> {
  const { key, which } = keyOf(estate, way);
  const { rows } = await sql<{ key: string; id: string; facts: string }>`
    SELECT key, id, facts FROM (
      SELECT ${key} AS key, id, facts, row_number() OVER (PARTITION BY ${key} ORDER BY id) AS place FROM access_principals
      WHERE tenant_id = ${estate.tenant} AND connection_id = ${estate.connection} AND ${which} AND ${key} IN ${textList(estate.kind, groups.map((group) => group.key))}) AS member
    WHERE place <= ${NAMED} ORDER BY key, id`.execute(estate.db);
  const members = new Map<string, Account[]>();
  for (const row of rows) {
    const account = { id: row.id, facts: JSON.parse(row.facts) as PrincipalFacts };
    const known = members.get(row.key);
    if (known === undefined) members.set(row.key, [account]);
    else known.push(account);
  }
  return members;
}

function judge(way: Way, group: Group, accounts: readonly Account[]): FoundRisk {
  const confidence: Confidence = way === "namesake" ? "low" : group.addresses === 1 ? "high" : "medium";
  const newest = accounts.flatMap(({ facts }) => (facts.createdAt === null ? [] : [facts.createdAt])).toSorted().at(-1) ?? null;
  return {
    risk: "several-accounts",
    severity: raised(RISKS["several-accounts"].severity, STEPS[confidence]),
    confidence,
    principal: null,
    role: null,
    scope: null,
    evidence: {
      same: way === "namesake" ? "name and domain" : group.addresses === 1 ? "address" : "mailbox",
      person: group.key,
      accounts: group.accounts,
      ids: accounts.map(({ id }) => id),
      addresses: accounts.map(({ facts }) => facts.email ?? ""),
      names: accounts.map(({ facts }) => facts.name ?? ""),
      sources: accounts.map(({ facts }) => facts.source ?? ""),
    },
    since: accounts.length < group.accounts ? null : timeAfter(newest),
    about: [way, group.key],
  };
}
