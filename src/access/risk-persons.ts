/**
 * Accounts of one console that seem to be one person's, with how sure that is: the same address (high), addresses that deliver to the same mailbox (medium),
 * the same whole name in the same domain (low). Groups are found in an index; accounts of several consoles are no risk, people need one on each.
 */
import { sql, type RawBuilder } from "kysely";
import { numberList, textList } from "../store/conditions.ts";
import { foldAddress } from "./addresses.ts";
import type { PrincipalFacts } from "./model.ts";
import type { Estate } from "./risk-estate.ts";
import { mailNumber, rangeOfConsole } from "./person-numbers.ts";
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
    for (let after = from?.[0] === way ? Number(from[1] ?? "0") : null; ; ) {
      const numbers = await sharedAfter(estate, way, after);
      const last = numbers.at(-1);
      if (last === undefined) break;
      // Found by their mailbox already.
      const groups = (await groupsOf(estate, way, numbers)).filter(({ mailboxes }) => way === "mailbox" || mailboxes > 1);
      const members = await membersOf(estate, way, groups);
      // Hardly ever two with one number.
      const subjects = Map.groupBy(groups, ({ number }) => number);
      yield [...subjects].map(([number, theirs]) => ({ key: [way, String(number)], found: theirs.map((group) => judge(way, group, members.get(group.key) ?? [])) }));
      if (numbers.length < GROUPS) break;
      after = last;
    }
  }
}

interface Group {
  readonly number: number;
  readonly key: string;
  readonly accounts: number;
  readonly addresses: number;
  readonly mailboxes: number;
}

function columnOf(way: Way): RawBuilder<unknown> {
  return sql.ref(way === "mailbox" ? "mail_number" : "name_number");
}

function keyOf({ kind }: Estate, way: Way): { readonly key: RawBuilder<string>; readonly which: RawBuilder<boolean> } {
  return way === "mailbox" ? { key: sql.raw(mailboxSql(kind)), which: sql.raw(HAS_MAILBOX) } : { key: sql.raw(namesakeSql(kind)), which: sql.raw(hasNamesakes(kind)) };
}

/** Numbers that more than one principal has, whoever they are: from one index, without a look at the rows. */
async function sharedAfter(estate: Estate, way: Way, after: number | null): Promise<readonly number[]> {
  const number = columnOf(way);
  const { from, to } = rangeOfConsole(estate.connection);
  const one = estate.principal === null ? sql`1 = 1` : sql`${number} IN ${numberList(estate.kind, await numbersOfPrincipal(estate, way, estate.principal))}`;
  const { rows } = await sql<{ number: number }>`
    SELECT ${number} AS number FROM access_principals WHERE ${number} >= ${Math.max(from, (after ?? -1) + 1)} AND ${number} < ${to} AND ${one}
    GROUP BY ${number} HAVING count(*) > 1 ORDER BY ${number} LIMIT ${GROUPS}`.execute(estate.db);
  return rows.map((row) => Number(row.number));
}

async function numbersOfPrincipal({ db, connection }: Estate, way: Way, principal: string): Promise<readonly number[]> {
  const address = foldAddress(principal);
  const { rows } = await sql<{ number: number | null }>`
    SELECT ${columnOf(way)} AS number FROM access_principals WHERE connection_id = ${connection} AND kind = 'user' AND id = ${principal}
    UNION SELECT ${columnOf(way)} AS number FROM access_principals WHERE mail_number = ${mailNumber(connection, address)} AND email_key = ${address}`.execute(db);
  return rows.flatMap((row) => (row.number === null ? [] : [Number(row.number)]));
}

/**
 * The tenant's users with one of these numbers, as `member`. Found by that alone: asked for tenant and kind at once, an engine without statistics would rather go through
 * all of the tenant's.
 */
function membersWith(estate: Estate, way: Way, numbers: readonly number[]): RawBuilder<unknown> {
  const { key, which } = keyOf(estate, way);
  return sql`WITH found AS MATERIALIZED (SELECT * FROM access_principals WHERE ${columnOf(way)} IN ${numberList(estate.kind, numbers)}),
    member AS (SELECT ${columnOf(way)} AS number, ${key} AS key, ${sql.raw(mailboxSql(estate.kind))} AS mailbox, email_key, id, facts FROM found
      WHERE tenant_id = ${estate.tenant} AND connection_id = ${estate.connection} AND ${which})`;
}

async function groupsOf(estate: Estate, way: Way, numbers: readonly number[]): Promise<readonly Group[]> {
  const { rows } = await sql<Group>`
    ${membersWith(estate, way, numbers)} SELECT number, key, count(*) AS accounts, count(DISTINCT email_key) AS addresses, count(DISTINCT mailbox) AS mailboxes FROM member
    GROUP BY number, key HAVING count(*) > 1 ORDER BY number, key`.execute(estate.db);
  return rows.map((row) => ({ number: Number(row.number), key: row.key, accounts: Number(row.accounts), addresses: Number(row.addresses), mailboxes: Number(row.mailboxes) }));
}

interface Account {
  readonly id: string;
  readonly facts: PrincipalFacts;
}

/** The first accounts of each group, by the group's key. */
async function membersOf(estate: Estate, way: Way, groups: readonly Group[]): Promise<ReadonlyMap<string, readonly Account[]>> {
  const { rows } = await sql<{ key: string; id: string; facts: string }>`
    ${membersWith(estate, way, groups.map(({ number }) => number))} SELECT key, id, facts FROM (
      SELECT key, id, facts, row_number() OVER (PARTITION BY key ORDER BY id) AS place FROM member WHERE key IN ${textList(estate.kind, groups.map((group) => group.key))}) AS placed
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
