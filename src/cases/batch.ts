/**
 * The cases that one page touches, as they stand while it is taken in: what is added to each and taken from it, which become one, and what of them is written at the end.
 */
import { sql } from "kysely";
import type { CaseType } from "../kernel/case-api.ts";
import type { TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { newCaseId } from "./ids.ts";
import { isOpen, type Entity, type Kept, type Lead, type LinkKey, type Tally } from "./model.ts";
import { peopleIn } from "./people.ts";
import { casesOfChains, membersOf } from "./stored.ts";
import { ENTITY_ROWS, type CaseRow } from "./tables.ts";
import { changed, compareLeads, counted, EMPTY, leadOf, severityOf, statusOf, sum, titleOf, verdictOf } from "./tally.ts";

/** What the page did to a case, to be judged and told at its end. */
export interface Working {
  readonly id: string;
  readonly tenant: TenantId;
  group: number;
  /** As it was before the page; null: the page opens it. */
  readonly before: CaseRow | null;
  row: Omit<CaseRow, "seq" | "tally" | "lead">;
  tally: Tally;
  lead: Lead | null;
  /** First, last or lead has to be looked up: what it was is gone. */
  stale: boolean;
  /** Members that joined, and by which link the first of them. */
  readonly joined: Kept[];
  joinedBy: LinkKey | null;
  readonly moved: { readonly from: Kept; readonly to: Kept }[];
  left: number;
  /** Ids of cases that became part of it, and the one it was split from. */
  readonly merged: string[];
  splitFrom: string | null;
  /** An earlier or later case with the same behaviour. */
  earlier: string | null;
  /** Something asks for attention that did not before. */
  evidence: boolean;
  readonly entities: Map<string, { readonly entity: Entity; by: number }>;
}

export class Batch {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #byGroup = new Map<number, Working>();
  /** Those that became part of another. */
  readonly #ended: { readonly row: CaseRow; readonly into: Working }[] = [];
  readonly #groups = new Map<number, number>();
  /** Members that have another group than they had, by number. */
  readonly #moved = new Map<number, number>();

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** In the order in which they are kept: what stands together is written together. */
  get cases(): readonly Working[] {
    return [...this.#byGroup.values()].toSorted((left, right) => left.group - right.group);
  }

  get ended(): readonly { readonly row: CaseRow; readonly into: Working }[] {
    return this.#ended;
  }

  async load(groups: readonly number[]): Promise<void> {
    const wanted = [...new Set(groups)].filter((group) => !this.#byGroup.has(group));
    for (const row of await casesOfChains(this.#tx, wanted)) if (row.grp !== null && !this.#byGroup.has(row.grp) && !this.#groups.has(row.grp)) this.#byGroup.set(row.grp, workingOf(row, row.grp));
  }

  /** The number of a member's group by now. */
  groupOf({ seq, group }: Pick<Kept, "seq" | "group">): number {
    const moved = this.#moved.get(seq) ?? group;
    return this.#groups.get(moved) ?? moved;
  }

  caseOf(member: Pick<Kept, "seq" | "group">): Working {
    return this.of(this.groupOf(member));
  }

  /** Its pieces, the first first. */
  ofChain(chain: number): readonly Working[] {
    return [...this.#byGroup.values()].filter(({ row }) => row.chain === chain).toSorted((left, right) => left.row.first_at - right.row.first_at || left.group - right.group);
  }

  of(group: number): Working {
    const working = this.#byGroup.get(this.#groups.get(group) ?? group);
    if (working === undefined) throw new Error(`no case of group ${String(group)}`);
    return working;
  }

  open(tenant: TenantId, group: number, first: Kept, chain: number): Working {
    const working: Working = { ...nothingDone(), id: newCaseId(this.#now), tenant, group, before: null, row: { ...newRow(tenant, group, first, this.#now), chain }, tally: EMPTY, lead: null };
    working.row.id = working.id;
    this.#byGroup.set(group, working);
    return working;
  }

  /** Two cases become one: the rows of the smaller group take the number of the larger, and the older case stays. */
  async merge(one: Working, other: Working): Promise<Working> {
    const [kept, moved] = one.tally.members >= other.tally.members ? [one.group, other] : [other.group, one];
    const into = kept === one.group ? one : other;
    const [stays, ends] = isOlder(one, other) ? [one, other] : [other, one];
    const entities = await this.#takeEntities(moved.group);
    await sql`UPDATE case_members SET grp = ${kept} WHERE grp = ${moved.group}`.execute(this.#tx.db);
    const merged: Working = {
      ...stays,
      group: kept,
      row: { ...stays.row, ...decisionsOf(stays.row, ends.row), grp: kept, first_at: Math.min(stays.row.first_at, ends.row.first_at), last_at: Math.max(stays.row.last_at, ends.row.last_at) },
      tally: sum(into.tally, moved.tally),
      lead: firstOf(stays.lead, ends.lead),
      stale: stays.stale || ends.stale,
      joined: [...stays.joined, ...ends.joined],
      moved: [...stays.moved, ...ends.moved],
      left: stays.left + ends.left,
      merged: [...stays.merged, ...ends.merged, ...(ends.before === null ? [] : [ends.id])],
      evidence: stays.evidence || ends.evidence,
      entities: new Map(into.entities),
    };
    for (const { entity, n } of entities) count(merged, entity, n);
    for (const { entity, by } of moved.entities.values()) count(merged, entity, by);
    this.#byGroup.delete(moved.group);
    this.#byGroup.set(kept, merged);
    for (const [from, to] of this.#groups) if (to === moved.group) this.#groups.set(from, kept);
    this.#groups.set(moved.group, kept);
    for (const [place, end] of this.#ended.entries()) if (end.into.id === one.id || end.into.id === other.id) this.#ended[place] = { row: end.row, into: merged };
    if (ends.before !== null) this.#ended.push({ row: ends.before, into: merged });
    return merged;
  }

  async #takeEntities(group: number): Promise<readonly { readonly entity: Entity; readonly n: number }[]> {
    const { rows } = await sql<{ kind: Entity[0]; value: string; n: number }>`SELECT kind, value, n FROM case_entities WHERE grp = ${group}`.execute(this.#tx.db);
    await sql`DELETE FROM case_entities WHERE grp = ${group}`.execute(this.#tx.db);
    return rows.map(({ kind, value, n }) => ({ entity: [kind, value], n }));
  }

  add(member: Kept): Working {
    const working = this.of(member.group);
    working.tally = changed(working.tally, member, 1);
    working.lead = firstOf(working.lead, leadOf(member));
    working.row.first_at = Math.min(working.row.first_at, member.at);
    working.row.last_at = Math.max(working.row.last_at, member.at);
    working.joined.push(member);
    working.evidence ||= isOpen(member);
    for (const entity of member.facts.entities) count(working, entity, 1);
    return working;
  }

  change(from: Kept, to: Kept): void {
    const working = this.caseOf(from);
    working.tally = changed(changed(working.tally, from, -1), to, 1);
    working.evidence ||= isOpen(to) && !isOpen(from);
    working.moved.push({ from, to });
    working.stale ||= from.at !== to.at || isLead(working, from);
    working.lead = firstOf(working.lead, leadOf(to));
    working.row.first_at = Math.min(working.row.first_at, to.at);
    working.row.last_at = Math.max(working.row.last_at, to.at);
    for (const entity of from.facts.entities) count(working, entity, -1);
    for (const entity of to.facts.entities) count(working, entity, 1);
  }

  remove(member: Kept): void {
    this.caseOf(member).left += 1;
    this.absorb(member);
  }

  /** What is counted under another number already. */
  absorb(member: Kept): void {
    const working = this.caseOf(member);
    working.tally = changed(working.tally, member, -1);
    working.stale = true;
    for (const entity of member.facts.entities) count(working, entity, -1);
  }

  async membersOf({ group }: Working): Promise<readonly Kept[]> {
    return membersOf(this.#tx, group);
  }

  /** Parts of a case go on as cases of their own, of the same chain, with what a person decided; the first part stays. */
  async split(working: Working, parts: readonly (readonly Kept[])[], groups: readonly number[]): Promise<readonly Working[]> {
    const [stays, ...others] = parts;
    const found: Working[] = [working];
    for (const [place, part] of others.entries()) {
      const [[first], group] = [part, groups[place]];
      if (first === undefined || group === undefined) continue;
      await sql`UPDATE case_members SET grp = ${group} WHERE seq IN ${numberList(this.#tx.kind, part.map(({ seq }) => seq))}`.execute(this.#tx.db);
      const split = this.open(working.tenant, group, first, working.row.chain ?? working.group);
      const { owner, status, status_by, decided_at, verdict_set, severity_set, severity_basis, first_look_at } = working.row;
      Object.assign(split.row, { owner, status, status_by, decided_at, verdict_set, severity_set, severity_basis, first_look_at });
      split.splitFrom = working.id;
      for (const member of part) {
        split.joined.push({ ...member, group });
        this.#moved.set(member.seq, group);
      }
      this.#remake(split, part);
      found.push(split);
    }
    await sql`DELETE FROM case_entities WHERE grp = ${working.group}`.execute(this.#tx.db);
    this.#remake(working, stays ?? []);
    return found;
  }

  /** A case as its members say, from the beginning: after it was taken apart. */
  #remake(working: Working, members: readonly Kept[]): void {
    working.tally = members.reduce((tally, member) => changed(tally, member, 1), EMPTY);
    working.lead = members.map(leadOf).toSorted(compareLeads)[0] ?? null;
    working.stale = false;
    working.row.first_at = members.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    working.row.last_at = members.reduce((most, { at }) => Math.max(most, at), Number.NEGATIVE_INFINITY);
    const left = new Set(members.map(({ seq }) => seq));
    working.joined.splice(0, working.joined.length, ...working.joined.filter(({ seq }) => left.has(seq)));
    working.entities.clear();
    for (const member of members) for (const entity of member.facts.entities) count(working, entity, 1);
  }

  /** What was its first, last or gravest member may have changed: looked up by the members' own index. */
  async refresh(leadMember: (group: number, severity: number) => Promise<Kept | undefined>): Promise<void> {
    for (const working of this.#byGroup.values()) {
      if (!working.stale) continue;
      working.stale = false;
      if (working.tally.members === 0) continue;
      const { rows } = await sql<{ first: number; last: number }>`SELECT min(at) AS first, max(at) AS last FROM case_members WHERE grp = ${working.group}`.execute(this.#tx.db);
      working.row.first_at = rows[0]?.first ?? working.row.first_at;
      working.row.last_at = rows[0]?.last ?? working.row.last_at;
      const member = await leadMember(working.group, severityOf(working.tally));
      working.lead = member === undefined ? null : leadOf(member);
    }
  }

  /** Counts of entities are kept with their names; how many different ones there are, with the case. */
  async writeEntities(): Promise<void> {
    const known = await this.#knownEntities();
    const rows: (readonly (string | number)[])[] = [];
    for (const working of this.cases) {
      let others = false;
      for (const [key, { entity: [kind, value], by }] of working.entities) {
        if (by === 0) continue;
        const before = known.get(`${String(working.group)} ${key}`) ?? 0;
        const now = before + by;
        if (now <= 0) await sql`DELETE FROM case_entities WHERE grp = ${working.group} AND kind = ${kind} AND value = ${value}`.execute(this.#tx.db);
        else rows.push([working.group, kind, value, now, foldedOf(value)]);
        if (now > 0 === before > 0) continue;
        if (kind === "user") others = true;
        else working.tally = { ...working.tally, kinds: counted(working.tally.kinds, kind, now > 0 ? 1 : -1) };
      }
      if (others) working.tally = { ...working.tally, kinds: counted(working.tally.kinds, "user", (await this.#people(working)) - (working.tally.kinds["user"] ?? 0)) };
    }
    if (rows.length > 0) await this.#tx.bulkUpsert(ENTITY_ROWS, rows);
  }

  /** One person has several names: they are counted together. To be asked before the rows of now are written. */
  async #people(working: Working): Promise<number> {
    // Of a case that the page opens there are none yet.
    const rows = working.before === null ? [] : (await sql<{ value: string }>`SELECT value FROM case_entities WHERE grp = ${working.group} AND kind = 'user'`.execute(this.#tx.db)).rows;
    const come = [...working.entities.values()].flatMap(({ entity: [kind, value], by }) => (kind === "user" && by > 0 ? [value] : []));
    return peopleIn(new Set([...rows.map(({ value }) => value), ...come]));
  }

  async #knownEntities(): Promise<ReadonlyMap<string, number>> {
    const asked = this.cases.filter(({ before }) => before !== null).flatMap((working) => [...working.entities.values()].map(({ entity: [kind, value] }) => [working.group, kind, value] as const));
    if (asked.length === 0) return new Map();
    const list =
      this.#tx.kind === "sqlite"
        ? sql`(SELECT value ->> 0 AS grp, value ->> 1 AS kind, value ->> 2 AS value FROM json_each(${JSON.stringify(asked)}))`
        : sql`(SELECT * FROM unnest(${asked.map(([group]) => group)}::bigint[], ${asked.map(([, kind]) => kind)}::text[], ${asked.map(([, , value]) => value)}::text[]) AS u (grp, kind, value))`;
    const { rows } = await sql<{ grp: number; kind: string; value: string; n: number }>`
      SELECT e.grp, e.kind, e.value, e.n FROM ${list} AS p CROSS JOIN case_entities AS e WHERE e.grp = p.grp AND e.kind = p.kind AND e.value = p.value`.execute(this.#tx.db);
    return new Map(rows.map(({ grp, kind, value, n }) => [`${String(grp)} ${kind} ${value}`, n]));
  }
}

/** Only where the engine does not know by itself that a letter and its capital are one. */
function foldedOf(value: string): string {
  return /^[ -~]*$/.test(value) ? "" : value.toLowerCase();
}

function nothingDone() {
  return { stale: false, joined: [], joinedBy: null, moved: [], left: 0, merged: [], splitFrom: null, earlier: null, evidence: false, entities: new Map<string, { readonly entity: Entity; by: number }>() };
}

function workingOf(before: CaseRow, group: number): Working {
  const { seq: _, tally, lead, ...row } = before;
  return { ...nothingDone(), id: row.id, tenant: row.tenant_id as TenantId, group, before, row, tally: JSON.parse(tally) as Tally, lead: lead === null ? null : (JSON.parse(lead) as Lead) };
}

function newRow(tenant: string, group: number, first: Kept, now: number): Working["row"] {
  return {
    id: "", tenant_id: tenant, grp: group, chain: group, status: "new", open: 1, status_by: "alerts", owner: null, severity: 0, severity_set: null, severity_basis: null, verdict: "undefined", verdict_set: null, title: "", type: first.facts.type satisfies CaseType,
    first_at: first.at, last_at: first.at, opened_at: now, first_look_at: null, decided_at: null, resolved_at: null, reopened: 0, reopened_at: null, version: 0, events: 0, evidence: 0, merged_into: null,
  };
}

function count(working: Working, entity: Entity, by: number): void {
  const key = `${entity[0]} ${entity[1]}`;
  const known = working.entities.get(key);
  if (known === undefined) working.entities.set(key, { entity, by });
  else known.by += by;
}

function isLead({ lead }: Working, { stream, id, connection }: Kept): boolean {
  return lead !== null && lead.stream === stream && lead.id === id && lead.connection === connection;
}

function firstOf(one: Lead | null, other: Lead | null): Lead | null {
  if (one === null || other === null) return one ?? other;
  return compareLeads(one, other) <= 0 ? one : other;
}

/** By their first alert; of two that began at once, the one that was there before. What was only now split from another has an id that nobody knows. */
function isOlder(one: Working, other: Working): boolean {
  if ((one.before === null) !== (other.before === null)) return one.before !== null;
  const [left, right] = [one.row.first_at, other.row.first_at];
  return left === right ? (one.before?.seq ?? Number.POSITIVE_INFINITY) <= (other.before?.seq ?? Number.POSITIVE_INFINITY) : left < right;
}

/** What people decided of either holds for both; where both were decided on, the later one. What somebody settled does not settle what waits for an answer in the other. */
function decisionsOf(stays: Working["row"], ends: Working["row"]): Partial<Working["row"]> {
  const later = stays.open !== ends.open ? (ends.open === 1 ? ends : stays) : (ends.decided_at ?? 0) > (stays.decided_at ?? 0) ? ends : stays;
  return {
    status: later.status, open: later.open, status_by: later.status_by, decided_at: later.decided_at, resolved_at: later.resolved_at,
    owner: stays.owner ?? ends.owner,
    verdict_set: later.verdict_set ?? stays.verdict_set ?? ends.verdict_set,
    severity_set: later.severity_set, severity_basis: later.severity_basis,
    first_look_at: stays.first_look_at === null || ends.first_look_at === null ? (stays.first_look_at ?? ends.first_look_at) : Math.min(stays.first_look_at, ends.first_look_at),
  };
}

/** As the case stands now, without what people decided. */
export function derivedOf({ tally, lead, row }: Working): Pick<CaseRow, "title" | "type"> & { readonly severity: number; readonly status: ReturnType<typeof statusOf>; readonly verdict: ReturnType<typeof verdictOf> } {
  return { title: lead === null ? row.title : titleOf(lead, tally), type: lead?.type ?? row.type, severity: severityOf(tally), status: statusOf(tally), verdict: verdictOf(tally) };
}
