/**
 * Steps of the alerts benchmark, each a process of its own. `rival URL TOKEN COUNT`: what a connector in wide use does, a list without a size and then one detail call for
 * each alert, one after the other. `pages FOLDER ROWS`: pages of a list of so many alerts. Prints one line of JSON.
 */
import { sql } from "kysely";
import { createAlerts } from "../src/alerts/index.ts";
import { findItems, type ItemFilter } from "../src/alerts/queries.ts";
import { EVERY_TENANT, onlyTenants } from "../src/kernel/scope.ts";
import type { TenantId } from "../src/kernel/ids.ts";
import { createHttpClient } from "../src/net/http.ts";
import { migrate } from "../src/store/migrate.ts";
import { openSqlite } from "../src/store/sqlite.ts";

const [step = "", first = "", second = "", third = "0"] = process.argv.slice(2);
const answer = step === "rival" ? await rival(first, second, Number(third)) : await pages(first, Number(second));
process.stdout.write(`${JSON.stringify(answer)}\n`);

async function rival(origin: string, token: string, count: number): Promise<{ readonly seconds: number; readonly requests: number; readonly alerts: number }> {
  const LIST = "query L($after: String) { alerts(after: $after, sort: { by: \"detectedAt\", order: ASC }) { totalCount pageInfo { endCursor hasNextPage } edges { node { id name description detectedAt attackSurfaces detectionSource { product } status assignee { fullName } classification confidenceLevel firstSeenAt lastSeenAt process { cmdLine parentName file { path sha1 sha256 md5 } } result storylineId } } } }";
  const DETAIL = "query D($id: ID!) { alert(id: $id) { analystVerdict analytics { category } assets { agentUuid agentVersion category name osType osVersion subcategory } rawData } }";
  const client = createHttpClient({ origin, allowedHosts: [{ host: new URL(origin).hostname, port: Number(new URL(origin).port) }] });
  let requests = 0;
  const ask = async (query: string, variables: object): Promise<Record<string, unknown>> => {
    requests += 1;
    const reply = await client.request({ method: "POST", path: "/web/api/v2.1/unifiedalerts/graphql", headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "accept-encoding": "gzip" }, body: JSON.stringify({ query, variables }) });
    const { data } = JSON.parse(reply.body.toString("utf8")) as { readonly data?: Record<string, unknown> };
    if (data === undefined) throw new Error(reply.body.toString("utf8").slice(0, 300));
    return data;
  };
  let alerts = 0;
  const began = performance.now();
  for (let after: string | null = null, more = true; more && alerts < count; ) {
    const list: { readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean }; readonly edges: readonly { readonly node: { readonly id: string } }[] } = (await ask(LIST, { after }))["alerts"] as never;
    for (const { node } of list.edges.slice(0, count - alerts)) {
      await ask(DETAIL, { id: node.id });
      alerts += 1;
    }
    after = list.pageInfo.endCursor;
    more = list.pageInfo.hasNextPage;
  }
  const seconds = (performance.now() - began) / 1000;
  await client.close();
  return { seconds, requests, alerts };
}

/** Milliseconds; `cpu`: of this process's processor time, which other work on the machine does not lengthen by waiting. */
async function pages(folder: string, rows: number): Promise<{ readonly p50: number; readonly p99: number; readonly cpuP50: number; readonly cpuP99: number; readonly pages: number }> {
  const store = await openSqlite({ folder });
  const [alerts] = createAlerts({ queueFact: async () => {}, queueFor: () => async () => {}, newcomers: async () => [], origin: async (_db, connection) => ({ connection, console: null, lookBackMs: 0 }), retentionDays: {}, routes: [] });
  await migrate(store, alerts?.migrations ?? [], 1);
  const BATCH = 20_000;
  for (let from = 0; from < rows; from += BATCH) {
    await store.tx(async (tx) => void (await sql`
      INSERT INTO alert_items (connection_id, stream, id, tenant_id, at, severity, status, verdict, product, site_id, gone_at, updated_at, state, version, number, read_at, facts, search)
      WITH RECURSIVE s(n) AS (SELECT ${from + 1} UNION ALL SELECT n + 1 FROM s WHERE n < ${Math.min(from + BATCH, rows)})
      SELECT 'con_01jd00000000000000000000', 'alerts', printf('019a%08x-1003-7abc-a123-0123456789ab', n), CASE WHEN n % 100 = 0 THEN 'ten_b' ELSE 'ten_a' END, 1700000000000 + n * 60000, n % 6, CASE WHEN n % 50 = 0 THEN 'new' ELSE 'resolved' END, 'undefined',
        CASE WHEN n % 4 = 0 THEN 'Identity' ELSE 'EDR' END, 'site-' || (n % 20), NULL, '2026-06-01T12:00:00.000000Z', '["RESOLVED","UNDEFINED","HIGH",null,"MITIGATED","MALICIOUS","UNKNOWN","2026-06-01T12:00:00.000000Z",null,"no",null,"DCSync Attack Detected","abcdefghij"]',
        'v' || n, 1, 1, '{"name":"DCSync Attack Detected","statusWord":"RESOLVED","verdictWord":"UNDEFINED","assignee":null,"device":"OF-LT-0417","user":"j.orozco","siteName":"Lyon Depot"}', 'dcsync attack detected of-lt-' || n || ' j.orozco 10.0.0.7' FROM s`.execute(tx.db)));
  }
  const filters: readonly Omit<ItemFilter, "limit">[] = [{}, { status: "new" }, { severity: "critical", product: "identity" }, { sites: ["site-7"] }, { verdict: "true-positive" }, { text: "no such text" }, { since: 1_700_000_000_000, until: 1_700_000_000_000 + rows * 30_000 }];
  const took: number[] = [];
  const spent: number[] = [];
  for (const scope of [EVERY_TENANT, onlyTenants("ten_b" as TenantId), onlyTenants("ten_a" as TenantId, "ten_b" as TenantId)]) {
    for (const filter of filters) {
      for (let page = 0, after: string | null | undefined; page < 20 && after !== null; page += 1) {
        const before = process.threadCpuUsage();
        const began = performance.now();
        const { next } = await findItems(store, scope, { ...filter, after, limit: 100 });
        took.push(performance.now() - began);
        const { user, system } = process.threadCpuUsage(before);
        spent.push((user + system) / 1_000);
        after = next;
      }
    }
  }
  await store.close();
  const at = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
  return { p50: at(took, 0.5), p99: at(took, 0.99), cpuP50: at(spent, 0.5), cpuP99: at(spent, 0.99), pages: took.length };
}
