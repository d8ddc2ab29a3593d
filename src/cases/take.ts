/**
 * Records into cases: which they join, which cases become one by them, which come apart, and what is told of it, in the transaction of the page. What comes of it depends on the
 * records and not on their order, on how they are cut into pages, or on whether a page is taken in twice.
 */
import { sql } from "kysely";
import { linkOf, type Origin } from "../alerts/index.ts";
import { ALERT_STREAMS, type AlertStream } from "../kernel/alert-api.ts";
import type { MemberStream } from "../kernel/case-api.ts";
import type { Fact, QueueFact } from "../kernel/fact.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { BulkUpsert, Database, Tx } from "../store/store.ts";
import { Batch, type Working } from "./batch.ts";
import { factOf, mergedFact, type Telling } from "./facts.ts";
import { HUB, isQuiet, judge } from "./judge.ts";
import { linkId } from "./links.ts";
import type { Kept, Lead, Member } from "./model.ts";
import { overlongOf, place, takeApart } from "./place.ts";
import { forgetLinks, keptOf, knownReadings, memberRow, numbering, takeTurn } from "./stored.ts";
import { CASES, CASES_IN_GROUP, CASES_IN_PLACE, EVENT_ROWS, LINK_ROWS, MEMBERS, QUEUED_BY, TWIN_ROWS, tables, type CaseRow, type EventRow } from "./tables.ts";
import { markForTriage } from "./triage-run.ts";
import { settled, type Fresh, type Plan, type Settled } from "./twins.ts";

export interface TakePorts {
  readonly queueFact: QueueFact<Tx>;
  readonly origin: (db: Database, connection: ConnectionId) => Promise<Origin>;
}

export interface Intake {
  readonly connection: ConnectionId;
  readonly tenant: TenantId;
  readonly stream: MemberStream;
  readonly members: readonly Member[];
  /** Ids that are proven gone from the console. */
  readonly gone: readonly string[];
  /** Ids that are another tenant's by now. */
  readonly moved: readonly string[];
  /** What was detected before asks nothing of anybody; null: everything does. */
  readonly since: number | null;
  readonly firstRead: boolean;
  /** What is not known yet is left out: it is owed, and comes as what it is. */
  readonly onlyKnown: boolean;
  /** Nothing is told: what is kept is made good. */
  readonly silent: boolean;
  readonly now: number;
}

export async function take(tx: Tx, intake: Intake, ports: TakePorts): Promise<void> {
  const { connection, stream, members, gone, moved, tenant, now } = intake;
  await takeTurn(tx, tenant);
  const ids = [...members.map(({ id }) => id), ...gone, ...moved];
  const known = await knownReadings(tx, stream, ids);
  const own = new Map([...known.members, ...known.twins].filter((one) => one.connection === connection).map((one) => [one.id, one]));
  const plan = await settled(tx, { connection, tenant, stream, ids }, known, planOf(intake, own), ports.origin);
  await keepTwins(tx, plan);
  const overlong = intake.silent ? await overlongOf(tx, known.members) : [];
  if (plan.fresh.length + plan.changed.length + plan.leaving.length + plan.absorbed.length + overlong.length === 0) return;
  const others = new Set([...plan.leaving.map((member) => member.tenant), ...plan.changed.map(({ from }) => from.tenant)].filter((other) => other !== tenant));
  for (const other of others) await takeTurn(tx, other);

  const relinked = plan.changed.filter(({ from, to }) => isRelinked(from, to));
  const away = [...plan.leaving, ...plan.absorbed.map(({ member }) => member)];
  for (const member of [...relinked.map(({ from }) => from), ...away]) await forgetLinks(tx, member);

  const batch = new Batch(tx, now);
  const numbers = numbering(tx);
  await batch.load([...plan.changed.map(({ from }) => from.group), ...away.map(({ group }) => group), ...overlong]);
  const seqs = await numbers(plan.fresh.length);
  const fresh = plan.fresh.map((member, place): Kept => ({ ...member, seq: seqs[place] ?? 0, group: 0 }));
  const placed = await place(tx, batch, numbers, tenant, fresh, relinked.flatMap(({ to }) => (to.tenant === tenant ? [to] : [])));
  for (const other of others) await place(tx, batch, numbers, other as TenantId, [], relinked.flatMap(({ to }) => (to.tenant === other ? [to] : [])));

  for (const member of placed) batch.add(member);
  for (const { from, to } of plan.changed) batch.change(from, to);
  for (const member of plan.leaving) batch.remove(member);
  for (const { member } of plan.absorbed) batch.absorb(member);
  const written = [...placed, ...plan.changed.map(({ to }) => ({ ...to, group: batch.groupOf(to) }))];
  // With those that another connection's reading stands for from now on: they have its key.
  await forgetMembers(tx, [...away, ...plan.changed.flatMap(({ from, to }) => (from.connection === to.connection ? [] : [from]))]);
  if (written.length > 0) await tx.bulkUpsert(MEMBERS, written.map(memberRow));
  const linked = [...placed, ...relinked.map(({ to }) => to)];
  if (linked.length > 0) await tx.bulkUpsert(LINK_ROWS, linkRows(linked));

  const loosened = [...relinked.map(({ from }) => from), ...plan.leaving, ...plan.absorbed.flatMap(({ member, into }) => (isRelinked(member, into) ? [member] : []))];
  const apart = new Set([...loosened.map((member) => batch.caseOf(member)), ...overlong.map((group) => batch.of(group))].flatMap(({ row }) => row.chain ?? []));
  for (const chain of apart) await takeApart(tx, batch, numbers, chain);
  await batch.refresh((group, severity) => leadMember(tx, group, severity));
  await batch.writeEntities();
  await conclude(tx, batch, intake, ports);
}

function isRelinked(from: Kept, to: Kept): boolean {
  return from.at !== to.at || from.links.join("\n") !== to.links.join("\n");
}

async function forgetMembers(tx: Tx, members: readonly Kept[]): Promise<void> {
  if (members.length > 0) await sql`DELETE FROM case_members WHERE seq IN ${numberList(tx.kind, members.map(({ seq }) => seq))}`.execute(tx.db);
}

async function keepTwins(tx: Tx, { twins: { dropped, kept } }: Settled): Promise<void> {
  for (const { connection, stream, id } of dropped) await sql`DELETE FROM case_twins WHERE id = ${id} AND stream = ${stream} AND connection_id = ${connection}`.execute(tx.db);
  if (kept.length > 0) await tx.bulkUpsert(TWIN_ROWS, kept.map((one) => memberRow(one).filter((_, place) => place !== GROUP)));
}

/** Where a row of a member has what a twin's has not. */
const GROUP = MEMBERS.columns.findIndex(({ name }) => name === "grp");

/** Pure: what of the page is new here, what is another than before, what has left. */
function planOf({ connection, tenant, members, gone, moved, since, firstRead, onlyKnown, now }: Intake, known: ReadonlyMap<string, Kept>): Plan {
  const fresh: Fresh[] = [];
  const changed: { from: Kept; to: Kept }[] = [];
  const leaving: Kept[] = [];
  const seen = new Map(members.map((member) => [member.id, member]));
  for (const member of seen.values()) {
    const before = known.get(member.id);
    if (before === undefined || before.tenant !== tenant) {
      if (before !== undefined) leaving.push(before);
      if (onlyKnown) continue;
      const at = member.at ?? now;
      fresh.push({ ...member, at, connection, tenant, goneAt: null, quiet: since !== null && at < since });
      continue;
    }
    const to: Kept = { ...before, ...member, at: member.at ?? before.at, goneAt: null, quiet: before.quiet && (firstRead || !isStirred(before, member)) };
    if (JSON.stringify(memberRow(to)) !== JSON.stringify(memberRow(before))) changed.push({ from: before, to });
  }
  for (const id of gone) {
    const before = known.get(id);
    if (before !== undefined && before.tenant === tenant && before.goneAt === null && !seen.has(id)) changed.push({ from: before, to: { ...before, goneAt: now } });
  }
  for (const id of moved) {
    const before = known.get(id);
    if (before !== undefined && before.tenant === tenant && !seen.has(id)) leaving.push(before);
  }
  return { fresh, changed, leaving };
}

/** Somebody or something at the console has taken it up. */
function isStirred(before: Kept, { status }: Member): boolean {
  return status !== before.status && status !== "resolved";
}

async function leadMember(tx: Tx, group: number, severity: number): Promise<Kept | undefined> {
  const row = await tables(tx.db).selectFrom("case_members").selectAll().where("grp", "=", group).where("severity", "=", severity).orderBy("at").orderBy("stream").orderBy("id").orderBy("connection_id").limit(1).executeTakeFirst();
  return row === undefined ? undefined : keptOf(row);
}

/** Backwards through the index: the pages that its neighbours were last found on are those still in memory. */
function linkRows(members: readonly Kept[]): readonly (readonly (string | number)[])[] {
  return members.flatMap(({ tenant, links, at, seq }) => links.map((key) => ({ link: linkId(key), tenant, at, seq }))).toSorted((left, right) => (left.link < right.link ? 1 : -1)).map(({ link, tenant, at, seq }) => [tenant, link, at, seq]);
}

/** Gives every case its state, writes it and tells of it. */
async function conclude(tx: Tx, batch: Batch, { firstRead, silent, now }: Intake, ports: TakePorts): Promise<void> {
  const rows = new Map<BulkUpsert, (readonly (string | number | null)[])[]>([CASES, CASES_IN_GROUP, CASES_IN_PLACE].map((spec) => [spec, []]));
  const events: Omit<EventRow, "seq">[] = [];
  const facts: Fact[] = [];
  const consoles = new Map<string, string | null>();
  for (const { row, into } of batch.ended) {
    const n = row.events + 1;
    rows.get(CASES)?.push(caseRow({ ...row, grp: null, chain: null, status: "merged", open: 0, version: row.version + 1, events: n, merged_into: into.id }, row.tally, row.lead));
    events.push({ case_id: row.id, tenant_id: row.tenant_id, n, at: now, kind: "merged", who: HUB, details: JSON.stringify({ case: into.id, field: "into" }) });
    await sql`UPDATE cases SET merged_into = ${into.id} WHERE merged_into = ${row.id}`.execute(tx.db);
    if (row.open === 1) facts.push(mergedFact(row, into.id, now));
  }
  for (const working of batch.cases) {
    const news = judge(working, now);
    const { row, tally, lead } = working;
    const own = news.map(({ kind, who, details }, index): Omit<EventRow, "seq"> => ({ case_id: row.id, tenant_id: row.tenant_id, n: row.events + index + 1, at: now, kind, who, details: JSON.stringify(details) }));
    row.events += own.length;
    if (isLeftBehind(working)) await forget(tx, row.id);
    else {
      for (const event of own) events.push(event);
      rows.get(writtenBy(working))?.push(caseRow(row, JSON.stringify(tally), lead === null ? null : JSON.stringify(lead)));
    }
    if (silent || isQuiet(working)) continue;
    const telling: Telling = { row, tally, lead, link: lead === null ? null : await linkTo(tx, lead, ports, consoles), firstRead };
    for (const event of own) if (isTold(working, event)) facts.push(...[factOf(telling, event)].filter((fact) => fact !== null));
  }
  for (const [spec, of] of rows) if (of.length > 0) await tx.bulkUpsert(spec, of);
  await markForTriage(tx, [...batch.cases.map(({ row }) => row), ...batch.ended.map(({ row }) => row)], now);
  if (events.length > 0) await tx.bulkUpsert(EVENT_ROWS, events.map(({ case_id: id, tenant_id: tenant, n, at, kind, who, details }) => [id, tenant, n, at, kind, who, details]));
  if (facts.length > 0) await ports.queueFact(tx, ...facts);
}

/** No more than has to be: most that joins a case leaves it where it stands. */
function writtenBy({ before, row }: Working): BulkUpsert {
  if (before === null || before.grp !== row.grp || before.chain !== row.chain) return CASES;
  return QUEUED_BY.every((name) => before[name] === row[name]) ? CASES_IN_PLACE : CASES_IN_GROUP;
}

/** Nothing of it is this tenant's any more, and nobody has worked on it. */
function isLeftBehind({ tally, row }: Working): boolean {
  return tally.members === 0 && row.first_look_at === null;
}

async function forget(tx: Tx, id: string): Promise<void> {
  const ids = sql`(SELECT id FROM cases WHERE id = ${id} OR merged_into = ${id})`;
  await sql`DELETE FROM case_events WHERE case_id IN ${ids}`.execute(tx.db);
  await sql`DELETE FROM cases WHERE id = ${id} OR merged_into = ${id}`.execute(tx.db);
}

/** What is resolved calls nobody when it grows graver; what is reopened has called. */
function isTold({ row, before, splitFrom }: Working, { kind }: Omit<EventRow, "seq">): boolean {
  if (kind === "opened") return splitFrom === null;
  return kind !== "escalated" || (row.open === 1 && before?.open === 1);
}

/** Null where the console has no page for it. `consoles`: origins known already, by connection. */
export async function linkTo(tx: Tx, lead: Lead, { origin }: TakePorts, consoles: Map<string, string | null>): Promise<string | null> {
  const stream = ALERT_STREAMS.find((one): one is AlertStream => one === lead.stream);
  if (stream === undefined) return null;
  let console = consoles.get(lead.connection);
  if (console === undefined) {
    ({ console } = await origin(tx.db, lead.connection as ConnectionId));
    consoles.set(lead.connection, console);
  }
  return linkOf(console, stream, lead.id);
}

/** In the order of `CASES`. */
export function caseRow(row: Omit<CaseRow, "seq" | "tally" | "lead">, tally: string, lead: string | null): readonly (string | number | null)[] {
  return [
    row.id, row.tenant_id, row.grp, row.chain, row.status, row.open, row.status_by, row.owner, row.severity, row.severity_set, row.severity_basis, row.verdict, row.verdict_set, row.title, row.type, row.first_at, row.last_at, row.opened_at, row.first_look_at, row.decided_at, row.resolved_at,
    row.reopened, row.reopened_at, row.version, row.events, row.evidence, row.merged_into, tally, lead,
  ];
}
