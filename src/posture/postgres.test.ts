/** The same life of a fleet on both engines: told, swept, answered, exported, purged. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import { addException } from "./exceptions.ts";
import { HEALTHY, NOW } from "./fixtures.ts";
import { addProvider } from "./providers-store.ts";
import { exportResults, listResults } from "./results.ts";
import { decideSerial } from "./serial-decisions.ts";
import { duplicateSerials, unnumberedDevices } from "./serial-report.ts";
import { CLEAN, CON, MINUTE, OTHER, postureBench, rule, TEN, type PostureBench } from "./test-bench.ts";
import { countTenantPosture, eraseConnectionPosture, purgeTenantPosture, tenantPosture } from "./upkeep.ts";
import { listUserRisk } from "./user-risk.ts";

const SICK = { infected: true, activeThreats: 1 };
const ID = String(HEALTHY["id"]);
let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(["sqlite", "postgres"] as const)("posture on %s", (kind) => {
  let bench: PostureBench;
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    bench = await postureBench(kind === "postgres" ? server : undefined);
    await bench.rules([CLEAN, rule("Seen", { input: "last_seen", operator: "within", value: "1h" }, { expiration: "24h", match_by: ["serial", "mac", "hostname", "email"] })]);
    await bench.read({}, { id: "2", serialNumber: "none", computerName: "LONELY", networkInterfaces: [], activeDirectory: {} }, { id: "3", serialNumber: "TWIN" }, { id: "4", serialNumber: "TWIN" });
    await bench.due();
    await bench.read(SICK);
  }, 30_000);
  afterEach(() => bench.close());

  it("tells, answers by every identifier, sweeps stale evidence, and lists and exports what it told", async () => {
    expect((await bench.facts("posture.verdict-changed")).map(({ body }) => body["outcome"])).toEqual(["fail"]);
    const by = async (identifiers: Parameters<PostureBench["answer"]>[0]) => (await bench.answer(identifiers)).device?.id ?? null;
    expect([await by({ serial: "cb14-00417" }), await by({ hostname: "lonely" }), await by({ agentId: "3" }), await by({ serial: "TWIN" })]).toEqual([ID, "2", "3", null]);
    expect((await bench.answer({ mac: "02:11:22:33:44:55", email: "j.orozco@orchard.test" })).match.kind).toBe("ambiguous");

    bench.now += 65 * MINUTE;
    await bench.due();
    const all: string[] = [];
    for await (const result of exportResults(bench.store, EVERY_TENANT, {}, AbortSignal.timeout(5_000))) all.push(`${result.deviceId === ID ? "first" : result.deviceId} ${result.postureCheckName} ${String(result.previous)} ${result.outcome} ${result.reason}`);
    expect(all[0]).toBe("first Clean pass fail conditions");
    expect(all.slice(1).toSorted()).toEqual(
      ["2", "3", "4", "first"].flatMap((id) => [`${id} Clean ${id === "first" ? "fail" : "pass"} unknown stale-evidence`, `${id} Seen pass fail conditions`]).toSorted(),
    );
    const first = await listResults(bench.store.read, EVERY_TENANT, {}, { limit: 5 });
    const rest = await listResults(bench.store.read, EVERY_TENANT, {}, { before: first.next ?? 0 });
    expect([first.items.length, rest.items.length, rest.next]).toEqual([5, 4, null]);
    expect((await listResults(bench.store.read, EVERY_TENANT, { agentId: ID, outcome: "fail", rule: first.items[0]?.policyId ?? "" })).items.length).toBeLessThan(3);
    expect((await listResults(bench.store.read, { all: false, tenants: [OTHER] })).items).toEqual([]);
  });

  it("keeps what it told no longer than it was asked to", async () => {
    bench.now += 91 * 86_400_000;
    await bench.due();
    expect((await bench.results()).every((row) => Number(row["at"]) === bench.now)).toBe(true);
  });

  it("forgets a connection and a tenant to the last row, in bounded steps", async () => {
    await bench.page(threats, [{ id: "t1", threatInfo: { threatName: "X", confidenceLevel: "malicious", mitigationStatus: "not_mitigated", incidentStatus: "unresolved", updatedAt: new Date(NOW).toISOString() }, agentRealtimeInfo: { agentId: ID } }]);
    await bench.rules([rule("Own", { input: "infected", operator: "==", value: false })], TEN);
    await bench.store.tx((tx) => addException(tx, EVERY_TENANT, { connection: CON, agentId: ID, rule: null, owner: "ada", reason: "r", endsAt: bench.now + MINUTE }, "k", bench.now));
    await bench.store.tx((tx) => decideSerial(tx, EVERY_TENANT, { decision: "prefer", serial: "TWIN", device: { connection: CON, agentId: "3" }, reason: "r" }, "ada", bench.now));
    expect(await listUserRisk(bench.store, EVERY_TENANT)).toHaveLength(1);
    expect(await duplicateSerials(bench.store.read, kind, EVERY_TENANT, bench.now)).toMatchObject([{ outcome: "preferred" }]);
    expect(await unnumberedDevices(bench.store.read, kind, EVERY_TENANT)).toHaveLength(1);
    await bench.store.tx((tx) => addProvider(tx, { kind: "cloudflare", name: "theirs", tenant: TEN, access: null, scores: { pass: 100, warn: 60, fail: 0 }, rules: null, createdBy: "ada" }, bench.now));
    const handed = new Map<string, readonly string[]>();
    for await (const { table, row } of tenantPosture(bench.store, TEN, AbortSignal.timeout(5_000))) handed.set(table, Object.keys(row));
    expect([...handed.keys()].toSorted()).toEqual(["posture_exceptions", "posture_providers", "posture_results", "posture_rules", "posture_serial_decisions", "posture_user_risk"]);
    expect(handed.get("posture_providers")?.filter((name) => name.includes("hash"))).toEqual([]);

    let steps = 0;
    while ((await bench.store.tx((tx) => eraseConnectionPosture(tx, CON, 3))) > 0) steps += 1;
    expect(steps).toBeGreaterThan(2);
    expect((await bench.answer({ serial: "CB14-00417" })).match.kind).toBe("unknown");
    while ((await bench.store.tx((tx) => purgeTenantPosture(tx, TEN, 3))) > 0) steps += 1;
    expect(await countTenantPosture(bench.store, TEN)).toBe(0);
  });

  it("is made again from the mirror where it was never made, page by page", async () => {
    await bench.store.tx(async (tx) => {
      while ((await purgeTenantPosture(tx, TEN, 500)) > 0) continue;
    });
    await bench.rebuild();
    await bench.due();

    expect(await bench.answer({ serial: "CB14-00417" })).toMatchObject({ score: 0, device: { id: ID }, verdicts: [{ outcome: "fail" }, { outcome: "pass" }] });
  });
});
