/**
 * Answers who asks about devices: up to a thousand questions by one lookup over indexes, whatever their number, and never a request to SentinelOne.
 * Verdicts are worked out at the moment of asking, from what is known of the device and the age of it, so that no answer is older than its evidence.
 */
import { sql, type RawBuilder } from "kysely";
import type { TenantScope } from "../kernel/scope.ts";
import { textList, withinScope } from "../store/conditions.ts";
import type { Database, Store } from "../store/store.ts";
import { connectionStates, evidenceFor, setAside, type EvidenceByConnection } from "./evidence.ts";
import { exceptionsOn, type ExceptionsByDevice } from "./exceptions.ts";
import { chooseDevice, CONFIDENCE, foldIdentifier, type Choice } from "./matching.ts";
import { IDENTIFIERS, type DeviceFacts, type Identifier, type Rule } from "./model.ts";
import { readFacts, readTold } from "./project.ts";
import { liveRules } from "./rules-store.ts";
import { preferredBySerial, type PreferredBySerial } from "./serial-decisions.ts";
import { foldHostname } from "./serials.ts";
import { scoreOf, verdictOf, verdictWithoutDevice, type Evidence, type Score, type ToldByRule, type Verdict, type VerdictReason } from "./verdicts.ts";

export interface DeviceQuestion {
  /** The asker's own name for the device; comes back as it is. */
  readonly ref: string;
  /** As the asker has them; blank is absent. `agentId` is SentinelOne's and outranks the others. */
  readonly identifiers: Readonly<Partial<Record<Identifier | "agentId", string | null>>>;
}

export interface DeviceAnswer {
  readonly ref: string;
  /** By the identifiers that any of the rules allows; a rule that allows fewer may know less. */
  readonly match: Choice<DeviceFacts>;
  readonly device: DeviceFacts | null;
  /** In the order of the rules' names. */
  readonly verdicts: readonly Verdict[];
  readonly score: Score;
  /** Moment (ms) to which what is known of this device is proven; null where it never was, or where there is no device. */
  readonly evidenceAt: number | null;
  readonly evidenceAgeMs: number | null;
  /** The agent's last heartbeat, RFC 3339: shown beside the evidence, never instead. */
  readonly lastActive: string | null;
}

/** Of one identifier, those that reported last; among so many with one serial number nothing decides anyway. */
const MOST_PER_KEY = 8;

const SERIAL: readonly Identifier[] = ["serial"];

interface Known {
  readonly facts: DeviceFacts;
  readonly told: ToldByRule;
  readonly evidence: Evidence;
}

interface Bench {
  /** Each with the place of its way among `ways`. */
  readonly rules: readonly { readonly rule: Rule; readonly way: number }[];
  /** Distinct ways in which a device may be found; the first is by all that any rule allows. */
  readonly ways: readonly (readonly Identifier[])[];
  readonly byKey: ReadonlyMap<string, readonly Known[]>;
  readonly exceptions: ExceptionsByDevice;
  readonly preferred: PreferredBySerial;
  readonly now: number;
}

/** Ids of the rules that count for an asker; null = every rule. */
export type RuleChoice = ReadonlySet<string> | null;

/** In the order of the questions. `db` may be `store.read` or a transaction's; devices and rules outside `scope` do not exist. */
export async function answerDevices(db: Database, kind: Store["kind"], scope: TenantScope, questions: readonly DeviceQuestion[], now: number, chosen: RuleChoice = null): Promise<readonly DeviceAnswer[]> {
  const rules = (await liveRules(db, scope)).filter((rule) => chosen === null || chosen.has(rule.id));
  const widest = rules.length === 0 ? (["serial"] as const) : IDENTIFIERS.filter((identifier) => rules.some((rule) => rule.matchBy.includes(identifier)));
  const asked = questions.map((question) => ({ question, keys: keysOf(question, widest) }));
  // Before the devices: what is read of them meanwhile is newer than the evidence says, and never older.
  const connections = await connectionStates(db);
  const found = await lookUp(db, kind, scope, asked.flatMap(({ keys }) => keys));
  const of = (flag: "aside" | "excepted") => found.filter((row) => connections.get(row.connection_id)?.[flag] !== false);
  const [aside, exceptions] = [await setAside(db, kind, of("aside")), await exceptionsOn(db, kind, of("excepted"), now)];
  const index = byKey(found, new Set(asked.flatMap(({ keys }) => keys.map((key) => key.of))), connections, aside);
  const ways = distinctWays(widest, rules);
  const bench: Bench = {
    rules: rules.map((rule) => ({ rule, way: ways.findIndex((way) => way.join(" ") === rule.matchBy.join(" ")) })),
    ways,
    byKey: index,
    exceptions,
    preferred: await preferredBySerial(db, kind, scope, sharedSerials(index)),
    now,
  };
  return asked.map(({ question, keys }) => answerOne(question, keys, bench));
}

interface Key {
  readonly of: Identifier | "agentId";
  readonly key: string;
}

function keysOf({ identifiers }: DeviceQuestion, allowed: readonly Identifier[]): readonly Key[] {
  const agentId = identifiers.agentId?.trim() ?? "";
  if (agentId !== "") return [{ of: "agentId", key: agentId }];
  const keys: Key[] = [];
  for (const of of allowed) {
    const key = foldIdentifier(of, identifiers);
    if (key !== null) keys.push({ of, key });
  }
  return keys;
}

/** Where somebody may have said which device is meant. */
function sharedSerials(index: Bench["byKey"]): readonly string[] {
  return [...index].flatMap(([place, known]) => (known.length > 1 && place.startsWith("serial ") ? [place.slice("serial ".length)] : []));
}

interface FoundRow {
  readonly connection_id: string;
  readonly id: string;
  readonly facts: string;
  readonly verdicts: string;
}

async function lookUp(db: Database, kind: Store["kind"], scope: TenantScope, keys: readonly Key[]): Promise<readonly FoundRow[]> {
  const of = (wanted: Key["of"]) => [...new Set(keys.filter((key) => key.of === wanted).map((key) => key.key))];
  // SQLite knows a row by its number at once; PostgreSQL by its key.
  const place = (alias: string) => sql.raw(kind === "sqlite" ? `${alias}.rowid` : `${alias}.connection_id, ${alias}.id`);
  const parts: RawBuilder<unknown>[] = [];
  const serials = of("serial");
  const hostnames = of("hostname");
  const agents = of("agentId");
  if (kind === "sqlite" && serials.length > 0 && hostnames.length + agents.length + of("mac").length + of("email").length === 0) {
    const few = await fewOf(db, scope, serials);
    if (few !== null) return few;
  }
  if (serials.length > 0) parts.push(newestOf(kind, scope, "serial_key", serials));
  if (hostnames.length > 0) parts.push(newestOf(kind, scope, "hostname_key", hostnames));
  for (const weaker of ["mac", "email"] as const) {
    const wanted = of(weaker);
    if (wanted.length > 0) parts.push(sql`SELECT ${place("n")} FROM posture_keys AS k JOIN posture_devices AS n ON n.connection_id = k.connection_id AND n.id = k.id WHERE k.kind = ${weaker} AND k.key IN ${textList(kind, wanted)}`);
  }
  if (agents.length > 0) parts.push(sql`SELECT ${place("n")} FROM posture_devices AS n WHERE n.id IN ${textList(kind, agents)}`);
  if (parts.length === 0) return [];
  const { rows } = await sql<FoundRow>`
    SELECT d.connection_id, d.id, d.facts, d.verdicts FROM posture_devices AS d WHERE (${place("d")}) IN (${sql.join(parts, sql` UNION ALL `)}) AND ${withinScope(scope, "d.tenant_id")}`.execute(db);
  return rows;
}

/** Where numbers are what they should be, each one device's: half the work. Null where some number has many. */
async function fewOf(db: Database, scope: TenantScope, serials: readonly string[]): Promise<readonly FoundRow[] | null> {
  const most = 2 * serials.length + MOST_PER_KEY;
  const { rows } = await sql<FoundRow>`
    SELECT d.connection_id, d.id, d.facts, d.verdicts FROM json_each(${JSON.stringify(serials)}) AS k CROSS JOIN posture_devices AS d ON d.serial_key = k.value
    WHERE ${withinScope(scope, "d.tenant_id")} LIMIT ${most}`.execute(db);
  return rows.length < most ? rows : null;
}

/** The few of each key that reported last: a number that a thousand machines share must not bring all of them. */
function newestOf(kind: Store["kind"], scope: TenantScope, column: "serial_key" | "hostname_key", keys: readonly string[]): RawBuilder<unknown> {
  const newest = (key: RawBuilder<unknown>, chosen: RawBuilder<unknown>) => sql`
    SELECT ${chosen} FROM posture_devices AS x WHERE x.${sql.ref(column)} = ${key} AND ${withinScope(scope, "x.tenant_id")} ORDER BY x.last_active DESC LIMIT ${MOST_PER_KEY}`;
  if (kind === "sqlite") return sql`SELECT n.rowid FROM json_each(${JSON.stringify(keys)}) AS k JOIN posture_devices AS n ON n.rowid IN (${newest(sql`k.value`, sql`x.rowid`)})`;
  return sql`SELECT n.connection_id, n.id FROM unnest(${[...keys]}::text[]) AS k(value) CROSS JOIN LATERAL (${newest(sql`k.value`, sql`x.connection_id, x.id`)}) AS n`;
}

function byKey(found: readonly FoundRow[], wanted: ReadonlySet<Key["of"]>, connections: EvidenceByConnection, aside: ReadonlyMap<string, number>): ReadonlyMap<string, readonly Known[]> {
  const index = new Map<string, Known[]>();
  const add = (of: Key["of"], key: string | null, known: Known): void => {
    if (key === null) return;
    const place = `${of} ${key}`;
    const list = index.get(place);
    if (list === undefined) index.set(place, [known]);
    else list.push(known);
  };
  for (const row of found) {
    const facts = readFacts(row.facts);
    const known: Known = { facts, told: readTold(row.verdicts), evidence: evidenceFor(row, connections, aside) };
    if (wanted.has("agentId")) add("agentId", facts.id, known);
    if (wanted.has("serial")) add("serial", facts.serialKey, known);
    if (wanted.has("hostname")) add("hostname", foldHostname(facts.hostname), known);
    if (wanted.has("mac")) for (const mac of facts.macs) add("mac", mac, known);
    if (wanted.has("email")) for (const email of facts.emails) add("email", email, known);
  }
  return index;
}

function distinctWays(widest: readonly Identifier[], rules: readonly Rule[]): readonly (readonly Identifier[])[] {
  return [...new Map([widest, ...rules.map((rule) => rule.matchBy)].map((way) => [way.join(" "), way])).values()];
}

function answerOne(question: DeviceQuestion, keys: readonly Key[], bench: Bench): DeviceAnswer {
  const candidates = new Map<DeviceFacts, Known>();
  for (const { of, key } of keys) for (const known of bench.byKey.get(`${of} ${key}`) ?? []) candidates.set(known.facts, known);
  const [strongest] = keys;
  const [only, second] = strongest === undefined ? [] : (bench.byKey.get(`${strongest.of} ${strongest.key}`) ?? []);
  const choose = (way: readonly Identifier[]): Choice<DeviceFacts> => {
    if (strongest?.of === "agentId") return chooseAgent([...candidates.values()]);
    // The one device with this serial number: what a thousand of a thousand questions find, and nothing is left to choose.
    if (strongest?.of === "serial" && only !== undefined && second === undefined && way.includes("serial")) return { kind: "matched", device: only.facts, by: SERIAL, confidence: CONFIDENCE.serial };
    return settled(chooseDevice([...candidates.keys()], question.identifiers, way, bench.now), bench.preferred);
  };
  const choices = bench.ways.map(choose);
  const match: Choice<DeviceFacts> = choices[0] ?? { kind: "unknown", why: "no-identifier" };
  const device = match.kind === "matched" ? match.device : null;
  const verdicts: Verdict[] = [];
  for (const { rule, way } of bench.rules) {
    const verdict = verdictFor(rule, choices[way] ?? match, device, candidates, bench);
    if (verdict !== null) verdicts.push(verdict);
  }
  const evidence = device === null ? null : (candidates.get(device)?.evidence ?? null);
  const evidenceAt = evidence?.at ?? null;
  return {
    ref: question.ref,
    match,
    device,
    verdicts,
    score: scoreOf(verdicts, device !== null),
    evidenceAt,
    evidenceAgeMs: evidenceAt === null ? null : Math.max(0, bench.now - evidenceAt),
    lastActive: device?.lastActive ?? null,
  };
}

/** Null where the rule is another tenant's than the device. */
function verdictFor(rule: Rule, choice: Choice<DeviceFacts>, device: DeviceFacts | null, candidates: ReadonlyMap<DeviceFacts, Known>, bench: Bench): Verdict | null {
  if (device !== null && rule.tenant !== null && rule.tenant !== device.tenant) return null;
  const known = choice.kind === "matched" ? candidates.get(choice.device) : undefined;
  // What a weaker identifier says is another device than the one the answer speaks of is none.
  if (known === undefined || known.facts !== device) return verdictWithoutDevice(rule, whyNot(choice), bench.now);
  const { facts, told, evidence } = known;
  return verdictOf(rule, facts, told[rule.id], evidence, bench.exceptions(facts.connection, facts.id, rule.id), bench.now);
}

function whyNot(choice: Choice<DeviceFacts>): VerdictReason {
  if (choice.kind === "ambiguous" || choice.kind === "matched") return "ambiguous-device";
  return choice.why === "placeholder" ? "placeholder-serial" : choice.why;
}

/** Two connections may read one console: the one that was read last speaks. */
function chooseAgent(candidates: readonly Known[]): Choice<DeviceFacts> {
  const [newest] = candidates.toSorted((left, right) => (right.evidence.at ?? -1) - (left.evidence.at ?? -1));
  return newest === undefined ? { kind: "unknown", why: "no-device" } : { kind: "matched", device: newest.facts, by: [], confidence: "high" };
}

/** A person has said which of the devices with this serial number is meant. */
function settled(choice: Choice<DeviceFacts>, preferred: PreferredBySerial): Choice<DeviceFacts> {
  if (choice.kind !== "ambiguous" || choice.by !== "serial") return choice;
  const device = choice.devices.find((candidate) => preferred(candidate.tenant, candidate.serialKey ?? "", candidate.connection, candidate.id));
  return device === undefined ? choice : { kind: "matched", device, by: ["serial"], confidence: "high" };
}
