/**
 * Steps of the cases benchmark, each a process of its own. `open FOLDER COUNT sorted|shuffled`: so many alerts into cases, a page in a transaction, facts queued for one destination.
 * `queue FOLDER CASES TENANTS`: pages of a queue of so many cases. Prints one line of JSON.
 */
import { sql } from "kysely";
import { caseMigrations, createCases } from "../src/cases/index.ts";
import { findCases, type CaseFilter } from "../src/cases/queries.ts";
import { createQueueFact } from "../src/delivery/queue.ts";
import { deliveryMigrations } from "../src/delivery/tables.ts";
import type { AlertStream } from "../src/kernel/alert-api.ts";
import { systemClock } from "../src/kernel/clock.ts";
import type { ConnectionId, TenantId } from "../src/kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../src/kernel/scope.ts";
import type { Change, MirrorRow } from "../src/mirror/capability.ts";
import { createMirror } from "../src/mirror/create.ts";
import { MIRROR_MIGRATIONS, prepareMirror } from "../src/mirror/tables.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import { migrate } from "../src/store/migrate.ts";
import { openSqlite } from "../src/store/sqlite.ts";
import { randomFrom } from "../test/support/random.ts";

const PAGE = 200;
const PAGES = 10;

const [step = "", folder = "", first = "0", second = ""] = process.argv.slice(2);
const answer = step === "open" ? await open(Number(first), second === "shuffled") : await queue(Number(first), Number(second));
process.stdout.write(`${JSON.stringify(answer)}\n`);

interface Record_ {
  readonly stream: AlertStream;
  readonly at: number;
  readonly row: MirrorRow;
}

/**
 * A month of 5,000 devices: threats, each with its unified alert; behaviour that comes again on the same device; rules that fire often, each about processes of its own; lockouts of users; and three outbreaks of a
 * thousand devices each within an hour.
 */
function records(count: number): readonly Record_[] {
  const random = randomFrom(7);
  const pick = (most: number): number => Math.floor(random() * most);
  const skewed = (most: number): number => Math.floor(most * random() ** 3);
  const start = Date.parse("2026-05-01T00:00:00Z");
  const month = 30 * 86_400_000;
  const made: Record_[] = [];
  const add = (stream: AlertStream, at: number, row: Readonly<Record<string, string | number | null>>): void => {
    const time = new Date(at).toISOString().replace("Z", "000Z");
    made.push({ stream, at, row: { id: `${stream}-${String(made.length)}`, created_at: time, detected_at: time, updated_at: time, site_id: "11", site_name: "Lyon", ...row } });
  };
  const device = (number: number) => ({ agent_uuid: `uuid-${String(number)}`, asset_agent_uuid: `uuid-${String(number)}`, agent_computer_name: `OF-LT-${String(number)}`, asset_name: `OF-LT-${String(number)}`, agent_name: `OF-LT-${String(number)}` });
  const threat = (at: number, number: number, hash: string): void => {
    const storyline = `S-${String(number)}-${hash}-${String(Math.floor(at / 3_600_000))}`;
    add("threats", at, { ...device(number), storyline, sha1: hash, threat_name: `${hash.slice(0, 8)}.exe`, file_path: `C:\\Users\\u${String(number)}\\Downloads\\${hash.slice(0, 8)}.exe`, confidence_level: "malicious", classification: "Trojan", mitigation_status: random() < 0.8 ? "mitigated" : "not_mitigated", incident_status: random() < 0.5 ? "resolved" : "unresolved", process_user: `ORCHARD\\u${String(number)}`, indicators: "[]" });
    if (made.length < count) add("alerts", at + 60_000, { ...device(number), storyline_id: storyline, process_file_sha1: hash, name: `${hash.slice(0, 8)}.exe`, severity: "HIGH", status: "NEW", product: "EDR", process_cmd_line: `${hash.slice(0, 8)}.exe -run`, process_file_name: `${hash.slice(0, 8)}.exe` });
  };
  for (let outbreak = 0; outbreak < 3; outbreak += 1) {
    const begins = start + pick(month);
    for (let number = 0; number < 1000 && made.length < count; number += 1) threat(begins + pick(3_600_000), pick(5000), `worm${String(outbreak)}`.padEnd(40, "0"));
  }
  while (made.length < count) {
    const at = start + pick(month);
    const kind = random();
    if (kind < 0.35) threat(at, skewed(5000), String(skewed(4000)).padStart(40, "a"));
    else if (kind < 0.75) {
      const rule = skewed(60);
      add("cloud-detection-alerts", at, { ...device(skewed(5000)), rule_name: `Rule ${String(rule)}`, rule_severity: "Medium", incident_status: "Unresolved", source_process_file_hash_sha1: `${String(rule)}${String(skewed(3))}`.padStart(40, "b"), source_process_name: "powershell.exe", source_process_commandline: `powershell.exe -enc ${String(pick(1e6))}`, source_process_user: `ORCHARD\\u${String(skewed(5000))}`, dns_request: `host${String(skewed(3000))}.example.net` });
    }
    else add("alerts", at, { name: ["Account Lockout", "LDAP Search", "Domain Controller Discovery", "DCSync Attack Detected"][skewed(4)] ?? "", severity: "MEDIUM", status: "NEW", product: "Identity", asset_name: `DC-${String(skewed(12))}`, target_user_name: `u${String(skewed(5000))}`, target_user_domain: "ORCHARD", attacker_host: `OF-LT-${String(skewed(5000))}`, attacker_ip: `10.${String(skewed(20))}.${String(pick(250))}.7` });
  }
  return made;
}

async function open(count: number, shuffled: boolean): Promise<object> {
  const store = await openSqlite({ folder });
  const connection = "con_01jd00000000000000000000" as ConnectionId;
  const tenant = "ten_default" as TenantId;
  const cases = createCases({ queueFact: createQueueFact(systemClock), origin: async () => ({ connection, console: "https://usea1-011.sentinelone.net", lookBackMs: 0 }), routes: [] });
  await migrate(store, [...MIRROR_MIGRATIONS, ...deliveryMigrations, ...caseMigrations], 1);
  await prepareMirror(store, STREAMS);
  createMirror({ store, streams: STREAMS, capabilities: [cases], codeVersion: "1", now: () => 1 });
  await store.tx(async (tx) => void (await sql`
    INSERT INTO destinations (id, tenant_id, name, kind, facts, shown, place_hash, revision, created_at) VALUES ('dst_1', ${tenant}, 'desk', 'file', '["cases.*"]', '{}', 'x', 1, 1)`.execute(tx.db)));
  const random = randomFrom(3);
  const all = records(count);
  // Nothing of it lies before the look-back.
  const readBegan = Date.parse("2026-05-01T00:00:00Z");
  const ordered = shuffled ? all.map((one) => ({ one, place: random() })).toSorted((left, right) => left.place - right.place).map(({ one }) => one) : all.toSorted((left, right) => left.at - right.at);
  // As a first read is handed over: two hundred rows of a stream at a time, ten times in a transaction, with no savepoint and put on disk with the next that is.
  const pages = [...Map.groupBy(ordered, ({ stream }) => stream)].flatMap(([stream, of]) => Array.from({ length: Math.ceil(of.length / PAGE) }, (_, page) => ({ stream, of: of.slice(page * PAGE, (page + 1) * PAGE) })));
  const turns = pages.map((page) => ({ page, first: shuffled ? random() : (page.of[0]?.at ?? 0) })).toSorted((left, right) => left.first - right.first).map(({ page }) => page);
  const before = process.cpuUsage();
  const began = performance.now();
  for (let from = 0; from < turns.length; from += PAGES) {
    await store.tx(async (tx) => {
      for (const { stream, of } of turns.slice(from, from + PAGES)) {
        const inserted = of.map(({ row }): Change => ({ id: String(row["id"]), before: null, after: row }));
        await cases.react({ connection, tenant, stream, inserted, changed: [], gone: [], watermark: null, firstRead: true, firstReadBegan: readBegan }, tx, Date.now());
      }
    }, "later");
  }
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(before);
  const number = async (text: string): Promise<number> => Number((await sql<{ n: number }>`${sql.raw(text)}`.execute(store.read)).rows[0]?.n ?? 0);
  const outcome = {
    seconds, busySeconds: (used.user + used.system) / 1e6, alerts: count,
    cases: await number("SELECT count(*) AS n FROM cases WHERE status <> 'merged'"),
    merged: await number("SELECT count(*) AS n FROM cases WHERE status = 'merged'"),
    largest: await number("SELECT max(c) AS n FROM (SELECT count(*) AS c FROM case_members GROUP BY grp)"),
    facts: await number("SELECT count(*) AS n FROM outbox"),
  };
  await store.close();
  return outcome;
}

async function queue(rows: number, tenants: number): Promise<object> {
  const store = await openSqlite({ folder });
  await migrate(store, caseMigrations, 1);
  const BATCH = 20_000;
  const SEVERITY = "CASE WHEN n % 100 = 0 THEN 5 WHEN n % 20 = 0 THEN 4 ELSE n % 4 END";
  for (let from = 0; from < rows; from += BATCH) {
    const numbers = sql.raw(`WITH RECURSIVE s(n) AS (SELECT ${String(from + 1)} UNION ALL SELECT n + 1 FROM s WHERE n < ${String(Math.min(from + BATCH, rows))})`);
    await store.tx(async (tx) => {
      // One in twenty is open; tenants are as large as they are.
      await sql`
        INSERT INTO cases (id, tenant_id, grp, chain, status, open, status_by, owner, severity, verdict, title, type, first_at, last_at, opened_at, reopened, version, events, evidence, tally, lead)
        ${numbers} SELECT printf('cas_%012x', n), 'ten_' || ((n * 7919) % ${sql.lit(tenants)} * ((n * 104729) % ${sql.lit(tenants)}) / ${sql.lit(tenants)}), n, n, CASE WHEN n % 20 = 3 THEN 'new' WHEN n % 500 = 7 THEN 'in-progress' ELSE 'resolved' END,
          CASE WHEN n % 20 = 3 OR n % 500 = 7 THEN 1 ELSE 0 END, 'alerts', CASE WHEN n % 500 = 7 THEN 'mara@example.com' END, ${sql.raw(SEVERITY)}, 'undefined', 'invoice_' || (n % 5000) || '.exe on OF-LT-' || (n % 40000), 'malware', 1700000000000 + n * 20000, 1700000000000 + n * 20000 + (n % 97) * 100000, 1700000000000 + n * 20000,
          CASE WHEN n % 300 = 3 THEN 1 ELSE 0 END, 1, 1, 1, '{"members":3,"open":1,"working":0,"severities":[0,0,0,0,2,1],"verdicts":{"undefined":3},"products":{"EDR":3},"kinds":{"device":1,"user":1}}', NULL FROM s`.execute(tx.db);
      await sql`INSERT INTO case_entities (grp, kind, value, n, folded) ${numbers} SELECT n, 'device', 'OF-LT-' || (n % 40000), 3, '' FROM s`.execute(tx.db);
      await sql`INSERT INTO case_entities (grp, kind, value, n, folded) ${numbers} SELECT n, 'sha1', printf('%040x', n % 5000), 2, '' FROM s`.execute(tx.db);
      await sql`INSERT INTO case_entities (grp, kind, value, n, folded) ${numbers} SELECT n, 'user', 'ORCHARD\\u' || (n % 9000), 2, '' FROM s`.execute(tx.db);
    });
  }
  const filters: readonly CaseFilter[] = [
    {}, { severity: "critical" }, { status: "in-progress", owner: "mara@example.com" }, { owner: "none", severity: "high" }, { status: "reopened" }, { status: "any" }, { status: "resolved", severity: "critical" }, { status: "any", since: 1_700_000_000_000 + rows * 19_000 },
    { text: "of-lt-777" }, { status: "any", text: "no such text" }, { type: "identity" },
  ];
  const took: number[] = [];
  const busy: number[] = [];
  for (const scope of [EVERY_TENANT, onlyTenants("ten_7" as TenantId), onlyTenants("ten_100" as TenantId), onlyTenants("ten_1" as TenantId, "ten_2" as TenantId, "ten_3" as TenantId)]) {
    for (const filter of filters) {
      for (let page = 0, after: string | null | undefined; page < 20 && after !== null; page += 1) {
        const before = process.cpuUsage();
        const began = performance.now();
        const { next } = await findCases(store, scope, filter, { after, limit: 100 });
        took.push(performance.now() - began);
        const used = process.cpuUsage(before);
        busy.push((used.user + used.system) / 1000);
        after = next;
      }
    }
  }
  await store.close();
  return { p50: share(took, 0.5), p95: share(took, 0.95), p99: share(took, 0.99), busy95: share(busy, 0.95), pages: took.length };
}

function share(of: readonly number[], part: number): number {
  const sorted = of.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
