/**
 * Where records go: which chains they are of, which chains become one by them, which come apart, and which pieces of a chain are cases (`partition.ts`, `pieces.ts`), on the rows that are kept.
 */
import { sql } from "kysely";
import type { TenantId } from "../kernel/ids.ts";
import { numberList } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import type { Batch, Working } from "./batch.ts";
import { reachOf } from "./links.ts";
import type { Kept, LinkKey } from "./model.ts";
import { components, connect, Sets, type Point } from "./partition.ts";
import { CELL_MS, pieceOf } from "./pieces.ts";
import { membersOf, neighbours, type Neighbour, type numbering } from "./stored.ts";
import { tables } from "./tables.ts";

type Numbers = ReturnType<typeof numbering>;
/** A record, or a chain that is there. */
type Node = `m:${number}` | `c:${number}`;

/** Finds each its case; chains that they bring together become one. */
export async function place(tx: Tx, batch: Batch, numbers: Numbers, tenant: TenantId, fresh: readonly Kept[], relinked: readonly Kept[]): Promise<readonly Kept[]> {
  const own = [...fresh, ...relinked].flatMap((member) => member.links.map((key): Point<Node> => ({ key, at: member.at, node: `m:${member.seq}` })));
  const near = await neighbours(tx, tenant, own);
  const within = own.flatMap(({ key, at }, index) => (near[index] ?? []).filter((one) => Math.abs(one.at - at) <= reachOf(key)).map((one) => ({ ...one, key })));
  await batch.load(within.map(({ group }) => group));
  const chainOf = (group: number): Node => `c:${batch.of(group).row.chain ?? group}`;
  const others = new Map<string, Point<Node>>();
  for (const { key, at, group } of within) others.set(`${String(group)} ${String(at)} ${key}`, { key, at, node: chainOf(group) });
  const sets = new Sets<Node>();
  for (const { seq, group } of relinked) sets.join(chainOf(group), `m:${seq}`);
  const by = new Map<Node, LinkKey>();
  const remember = (key: string, one: Node, other: Node): void => {
    for (const node of [one, other]) if (node.startsWith("m:") && !by.has(node)) by.set(node, key as LinkKey);
  };
  connect([...own, ...others.values()], sets, (node) => node.startsWith("c:"), remember);

  const nodes = new Set<Node>([...own.map(({ node }) => node), ...relinked.map(({ group }) => chainOf(group))]);
  for (const { node } of others.values()) nodes.add(node);
  const bySeq = new Map(fresh.map((member) => [`m:${member.seq}` as Node, member]));
  const found = components([...nodes], sets).filter((component) => component.some((node) => node.startsWith("m:")));
  const further = await furtherCases(tx, own, near, new Set(found.filter((component) => chainsIn(component).length === 0).flat()));
  const opened = [...(await numbers(found.length))];
  const placed: Kept[] = [];
  for (const component of found) {
    const members = component.flatMap((node) => bySeq.get(node) ?? []).toSorted((left, right) => left.at - right.at || (left.id < right.id ? -1 : 1));
    const start = await joinChains(batch, numbers, chainsIn(component), members);
    const [chain] = chainsIn(component);
    const pieces = new Map((chain === undefined ? [] : batch.ofChain(chain)).filter(isThere).map((working) => [pieceOf(start, working.row.first_at), working]));
    let number = chain;
    for (const [piece, of] of Map.groupBy(members, ({ at }) => pieceOf(start, at))) {
      const [first] = of;
      if (first === undefined) continue;
      let working = pieces.get(piece);
      if (working === undefined) {
        const group = opened.shift() ?? (await numbers(1))[0] ?? 0;
        number ??= group;
        working = batch.open(tenant, group, first, number);
        working.earlier = nearest(pieces, piece)?.id ?? further.get(`m:${first.seq}`) ?? null;
        pieces.set(piece, working);
      }
      working.joinedBy ??= by.get(`m:${first.seq}`) ?? null;
      for (const member of of) placed.push({ ...member, group: working.group });
    }
  }
  return placed;
}

function chainsIn(component: readonly Node[]): readonly number[] {
  return component.filter((node) => node.startsWith("c:")).map((node) => Number(node.slice(2)));
}

/** One that its records have left stays for what people did with it, and is no piece of anything. */
function isThere({ tally }: Working): boolean {
  return tally.members > 0;
}

function nearest(pieces: ReadonlyMap<number, Working>, piece: number): Working | undefined {
  return [...pieces].toSorted(([left], [right]) => Math.abs(left - piece) - Math.abs(right - piece) || left - right)[0]?.[1];
}

/** Chains become the first of them, cut as one that began when the first of their records or of these did: gives that moment. */
async function joinChains(batch: Batch, numbers: Numbers, chains: readonly number[], members: readonly Kept[]): Promise<number> {
  const cases = chains.flatMap((chain) => batch.ofChain(chain)).filter(isThere);
  const start = Math.min(...cases.map(({ row }) => row.first_at), ...members.map(({ at }) => at));
  const [chain] = chains;
  if (chain === undefined) return start;
  const pieces = new Map<number, Working>();
  for (const working of cases) {
    const { first_at: from, last_at: to } = working.row;
    const parts = pieceOf(start, from) === pieceOf(start, to) ? [working] : await parted(batch, numbers, working, start);
    for (const part of parts) {
      const piece = pieceOf(start, part.row.first_at);
      const known = pieces.get(piece);
      pieces.set(piece, known === undefined ? part : await batch.merge(known, part));
    }
  }
  for (const { row } of pieces.values()) row.chain = chain;
  return start;
}

async function parted(batch: Batch, numbers: Numbers, working: Working, start: number): Promise<readonly Working[]> {
  const parts = [...Map.groupBy(await batch.membersOf(working), ({ at }) => pieceOf(start, at))].toSorted(([left], [right]) => left - right).map(([, part]) => part);
  return batch.split(working, parts, await numbers(parts.length - 1));
}

/** By member of a case that is opened: one with the same behaviour that is too far away in time to be the same one. */
async function furtherCases(tx: Tx, own: readonly Point<Node>[], near: readonly (readonly Neighbour[])[], opening: ReadonlySet<Node>): Promise<ReadonlyMap<Node, string>> {
  const wanted = own.flatMap(({ key, at, node }, index) => (opening.has(node) ? (near[index] ?? []) : []).filter((one) => Math.abs(one.at - at) > reachOf(key)).map(({ group }) => ({ node, group })));
  if (wanted.length === 0) return new Map();
  const groups = new Map(wanted.map(({ node, group }) => [node, group]));
  const { rows } = await sql<{ id: string; grp: number }>`SELECT id, grp FROM cases WHERE grp IN ${numberList(tx.kind, [...new Set(groups.values())])}`.execute(tx.db);
  const ids = new Map(rows.map(({ id, grp }) => [grp, id]));
  return new Map([...groups].flatMap(([node, group]) => (ids.has(group) ? [[node, ids.get(group) ?? ""]] : [])));
}

/** A chain whose records changed what they have in common, or left: what no longer hangs together goes on as chains of their own, and what is in another piece by now moves. */
export async function takeApart(tx: Tx, batch: Batch, numbers: Numbers, chain: number): Promise<void> {
  const cases = batch.ofChain(chain);
  const held = await tables(tx.db).selectFrom("case_members").select(["seq", "grp", "at", "links"]).where("grp", "in", cases.map(({ group }) => group)).execute();
  const sets = new Sets<number>();
  connect(held.flatMap(({ seq, at, links }) => (JSON.parse(links) as readonly LinkKey[]).map((key) => ({ key, at, node: seq }))), sets);
  const times = new Map(held.map(({ seq, at }) => [seq, at]));
  const beginning = (seqs: readonly number[]): number => seqs.reduce((least, seq) => Math.min(least, times.get(seq) ?? least), Number.POSITIVE_INFINITY);
  const found = components(held.map(({ seq }) => seq), sets).map((seqs) => ({ seqs, start: beginning(seqs) })).toSorted((left, right) => left.start - right.start || right.seqs.length - left.seqs.length);
  /** By record: its chain's place among those found, and its piece. */
  const places = new Map(found.flatMap(({ seqs, start }, place) => seqs.map((seq) => [seq, `${String(place)} ${String(pieceOf(start, times.get(seq) ?? start))}`] as const)));
  const owners = new Map<string, Working>();
  for (const working of cases) {
    const own = held.filter(({ grp }) => grp === working.group);
    const parts = [...Map.groupBy(own.map(({ seq }) => seq), (seq) => places.get(seq) ?? "")].toSorted(([, left], [, right]) => beginning(left) - beginning(right) || right.length - left.length);
    if (parts.length === 0) continue;
    let workings: readonly Working[] = [working];
    if (parts.length > 1) {
      const members = new Map((await membersOf(tx, working.group)).map((member) => [member.seq, member]));
      workings = await batch.split(working, parts.map(([, seqs]) => seqs.flatMap((seq) => members.get(seq) ?? [])), await numbers(parts.length - 1));
    }
    for (const [place, [key]] of parts.entries()) {
      const [part, known] = [workings[place], owners.get(key)];
      if (part !== undefined) owners.set(key, known === undefined ? part : await batch.merge(known, part));
    }
  }
  const numbersOf = new Map<string, number>();
  for (const [key, { row, group }] of owners) {
    const component = key.split(" ")[0] ?? "";
    if (!numbersOf.has(component)) numbersOf.set(component, component === "0" ? chain : group);
    row.chain = numbersOf.get(component) ?? chain;
  }
}

/** Of cases that a version before made, with these records, the groups of those that go on for too long. */
export async function overlongOf(tx: Tx, members: readonly Kept[]): Promise<readonly number[]> {
  if (members.length === 0) return [];
  const cell = (column: "first_at" | "last_at") => sql`${sql.ref(column)} / ${sql.lit(CELL_MS)}`;
  const { rows } = await sql<{ grp: number }>`SELECT grp FROM cases WHERE grp IN ${numberList(tx.kind, [...new Set(members.map(({ group }) => group))])} AND ${cell("last_at")} - ${cell("first_at")} > 1`.execute(tx.db);
  return rows.map(({ grp }) => grp);
}
