/**
 * What a page means for alerts: each record that is another version than the last one kept is kept, written into the history and queued as one fact, all in the
 * page's transaction. What is compared is what was last told, never what the mirror had before, so that a page read again, a change parked and taken up later
 * or a replay of the whole mirror tells nothing twice.
 */
import { sql } from "kysely";
import { ALERT_STREAMS, EVENT_STREAMS, type AlertStream, type EventStream } from "../kernel/alert-api.ts";
import { FACT_SEVERITIES, type Fact, type QueueFact } from "../kernel/fact.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Change, ChangeSet, MirrorRow } from "../mirror/capability.ts";
import { isOwed } from "../mirror/owed.ts";
import { textList } from "../store/conditions.ts";
import type { Database, Tx } from "../store/store.ts";
import { factOf, type Origin } from "./facts.ts";
import type { Headline, Kept, Seen, State, Version } from "./model.ts";
import { seenOf } from "./project.ts";
import { inTurn, ITEMS, VERSIONS, type ItemFacts, type ItemRow, type VersionFacts } from "./tables.ts";
import { firstVersion, nextVersion, otherChanges } from "./versions.ts";

export interface ReactPorts {
  readonly queueFact: QueueFact<Tx>;
  readonly origin: (db: Database, connection: ConnectionId) => Promise<Origin>;
}

/** The capability that keeps alerts. */
export const ALERTS = "alerts";

/** `told`: as it comes. `first`: part of a stream's first read; of that, what lies within the look-back is told. `quiet`: a replay of the mirror; only what is kept is made good. */
export type Mode = "told" | "first" | "quiet";

export async function reactToPage(set: ChangeSet, tx: Tx, ports: ReactPorts, mode: Mode, now: number): Promise<void> {
  const { stream } = set;
  if (!isEventStream(stream)) return;
  const origin = await ports.origin(tx.db, set.connection);
  const since = mode === "quiet" ? null : await sinceOf(tx, set, origin, mode, now);
  const onlyKnown = mode === "quiet" && (await isOwed(tx, ALERTS, set.connection, stream));
  const page: Page = { set, stream, mode, onlyKnown, since, now };
  const steps = isAlertStream(stream) ? await alertSteps(tx, page, stream) : activitySteps(page);
  await write(tx, page, steps, ports, origin);
  if (isAlertStream(stream)) await markGone(tx, set, now);
}

export function isEventStream(stream: string): stream is EventStream {
  return (EVENT_STREAMS as readonly string[]).includes(stream);
}

export function isAlertStream(stream: string): stream is AlertStream {
  return (ALERT_STREAMS as readonly string[]).includes(stream);
}

interface Page {
  readonly set: ChangeSet;
  readonly stream: EventStream;
  readonly mode: Mode;
  /** The rest of them is owed, and comes as what it is. */
  readonly onlyKnown: boolean;
  /** What was detected before is kept and not told; null: everything is told. */
  readonly since: number | null;
  readonly now: number;
}

interface Step {
  readonly seen: Seen;
  readonly row: MirrorRow;
  /** Null: the version that is kept already. */
  readonly version: Version | null;
  readonly kept: Kept;
  readonly readAt: number;
  readonly also: readonly string[];
}

/** The moment from which the stream's first read is told: fixed with its first page, and good for what of that time turns up later. */
async function sinceOf(tx: Tx, { connection, stream, firstReadBegan }: ChangeSet, { lookBackMs }: Origin, mode: Mode, now: number): Promise<number | null> {
  const { rows } = await sql<{ since: number }>`SELECT since FROM alert_since WHERE connection_id = ${connection} AND stream = ${stream}`.execute(tx.db);
  const [known] = rows;
  if (known !== undefined) return known.since;
  if (mode !== "first") return null;
  const since = (firstReadBegan ?? now) - lookBackMs;
  await sql`INSERT INTO alert_since (connection_id, stream, since) VALUES (${connection}, ${stream}, ${since}) ON CONFLICT DO NOTHING`.execute(tx.db);
  return since;
}

async function alertSteps(tx: Tx, { set, mode, onlyKnown, now }: Page, stream: AlertStream): Promise<readonly Step[]> {
  const changes = [...set.inserted, ...set.changed];
  const items = await itemsOf(tx, set.connection, stream, changes.map(({ id }) => id));
  return changes.flatMap((change) => {
    if (change.after === null) return [];
    const seen = seenOf(stream, change.after);
    const item = items.get(change.id);
    // Another tenant's until now: for this one it begins anew.
    const kept = item === undefined || item.tenant_id !== set.tenant ? keptBefore(change, stream, mode) : { ...keptOf(item), readAt: item.read_at };
    if (mode === "quiet") return onlyKnown && item === undefined ? [] : [stepOf(change, change.after, seen, { ...(kept ?? firstVersion(seen)), readAt: kept?.readAt ?? now, state: seen.state }, null, now)];
    if (kept === null) return [stepOf(change, change.after, seen, null, firstVersion(seen), now)];
    return [stepOf(change, change.after, seen, kept, nextVersion(kept, seen), now)];
  });
}

function stepOf(change: Change, row: MirrorRow, seen: Seen, kept: (Kept & { readonly readAt: number }) | null, version: Version | null, now: number): Step {
  return { seen, row, version, kept: version ?? kept ?? firstVersion(seen), readAt: version === null && kept !== null ? kept.readAt : now, also: version === null || version.kind === "new" ? [] : otherChanges(seen.stream, change.before, row) };
}

/** What was there before anything was kept of it, where the page says what that was: its versions begin with that one. */
function keptBefore({ before }: Change, stream: EventStream, mode: Mode): (Kept & { readonly readAt: number }) | null {
  if (before === null || mode !== "told") return null;
  return { ...firstVersion(seenOf(stream, before)), readAt: Number(before["changed_at"] ?? 0) };
}

/** Nothing is kept of an entry of the log but what the mirror has; it hardly ever changes. */
function activitySteps({ set, stream, now }: Page): readonly Step[] {
  return [...set.inserted, ...set.changed].flatMap((change) => {
    if (change.after === null) return [];
    const seen = seenOf(stream, change.after);
    const before = change.before === null ? null : firstVersion(seenOf(stream, change.before));
    const version = before === null ? firstVersion(seen) : nextVersion(before, seen);
    return version === null ? [] : [stepOf(change, change.after, seen, before === null ? null : { ...before, readAt: now }, version, now)];
  });
}

async function itemsOf(tx: Tx, connection: string, stream: string, ids: readonly string[]): Promise<ReadonlyMap<string, ItemRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<ItemRow>`SELECT * FROM alert_items WHERE connection_id = ${connection} AND stream = ${stream} AND id IN ${textList(tx.kind, ids)}`.execute(tx.db);
  return new Map(rows.map((row) => [row.id, row]));
}

function keptOf(item: ItemRow): Kept {
  return { updatedAt: item.updated_at, state: JSON.parse(item.state) as State, version: item.version, number: item.number };
}

async function write(tx: Tx, page: Page, steps: readonly Step[], ports: ReactPorts, origin: Origin): Promise<void> {
  if (steps.length === 0) return;
  const { set, stream, mode } = page;
  if (isAlertStream(stream)) await tx.bulkUpsert(ITEMS, steps.map((step) => itemRow(set, step)));
  if (mode === "quiet") return;
  const fresh = steps.flatMap((step) => (step.version === null ? [] : [{ step, version: step.version }]));
  // A first read is where we begin: what it shows is no news to whoever follows.
  const history = mode === "first" ? fresh.filter(({ version }) => version.kind !== "new") : fresh;
  if (history.length > 0) {
    await inTurn(tx);
    await tx.bulkUpsert(VERSIONS, history.map(({ step, version }) => versionRow(set, step, version)));
  }
  const facts: Fact[] = fresh.flatMap(({ step, version }) => (isTold(page, step.seen.headline, version) ? [factOf({ tenant: set.tenant, stream, id: step.seen.id, headline: step.seen.headline, version, also: step.also, raw: String(step.row["raw"] ?? "{}") }, origin)] : []));
  if (facts.length > 0) await ports.queueFact(tx, ...facts);
}

/** A change is told whatever its alert's age: it has happened now. */
function isTold({ since }: Page, { at }: Headline, { kind }: Version): boolean {
  return kind !== "new" || since === null || at === null || at >= since;
}

function itemRow({ connection, tenant }: ChangeSet, { seen, kept, readAt }: Step): (string | number | null)[] {
  const { headline } = seen;
  const facts: ItemFacts = { name: headline.name, statusWord: headline.statusWord, verdictWord: headline.verdictWord, assignee: headline.assignee, device: headline.device, user: headline.user, siteName: headline.siteName };
  return [
    connection, seen.stream, seen.id, tenant, headline.at ?? readAt, severityRank(headline), headline.status, headline.verdict, headline.product, headline.siteId, null, headline.updatedAt, JSON.stringify(kept.state), kept.version, kept.number, readAt,
    JSON.stringify(facts), searchText(seen),
  ];
}

const LONGEST_SEARCH = 1000;

function searchText({ id, headline: { name, product, device, user, assignee, marks } }: Seen): string {
  return [id, name, product, device, user, assignee, ...marks].filter((part) => part !== null).join("\n").toLowerCase().slice(0, LONGEST_SEARCH);
}

function versionRow({ connection, tenant }: ChangeSet, { seen, also, readAt }: Step, { version, number, kind, updatedAt, changes }: Version): (string | number | null)[] {
  const { headline } = seen;
  const facts: VersionFacts = { changes, also };
  return [tenant, connection, seen.stream, seen.id, version, number, kind, readAt, updatedAt, headline.name, headline.product, severityRank(headline), headline.status, headline.verdict, headline.siteId, JSON.stringify(facts)];
}

function severityRank({ severity }: Headline): number {
  return FACT_SEVERITIES.indexOf(severity);
}

/** Another tenant may have it by now: only the row of the one that lost it. */
async function markGone(tx: Tx, { connection, stream, tenant, gone }: ChangeSet, now: number): Promise<void> {
  if (gone.length === 0) return;
  await sql`UPDATE alert_items SET gone_at = ${now} WHERE connection_id = ${connection} AND stream = ${stream} AND tenant_id = ${tenant} AND gone_at IS NULL AND id IN ${textList(tx.kind, gone.map(({ id }) => id))}`.execute(tx.db);
}
