import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/contract/postgres-server.ts";
import { failed } from "../delivery/test-bench.ts";
import type { TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { DAY, HOUR, MINUTE, notifyBench, TEN, type NotifyBench } from "./test-bench.ts";
import { openTroubles, type Observed } from "./watch.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
}, 120_000);
afterAll(async () => server?.stop());

type Connection = Observed["connections"][number];

describe.each(["sqlite", "postgres"] as const)("the integration's health on %s", (kind) => {
  let bench: NotifyBench;
  beforeAll(async () => {
    if (kind === "sqlite" || server !== undefined) bench = await notifyBench(kind === "postgres" ? server : undefined);
  });
  afterAll(() => bench?.close());
  beforeEach(async (context) => {
    if (kind === "postgres" && server === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    await bench.wipe();
    await bench.pass(HOUR);
    await bench.rule({ pace: "daily", severity: "critical" });
  });

  async function connection(more: Partial<Connection> = {}, ms = 2 * MINUTE): Promise<readonly string[]> {
    bench.observed({ connections: [{ id: "con_1", name: "emea", tenant: TEN, paused: false, expiresAt: null, fault: null, forbidden: [], seen: { arrived: true, answers: true, devices: null }, ...more }], destinations: [] });
    await bench.pass(ms);
    return bench.arrived();
  }
  async function destination(parked: number, failingFor: number | null): Promise<readonly string[]> {
    bench.observed({ connections: [], destinations: [{ id: "dst_1", name: "siem", tenant: TEN, parked, fault: failingFor === null ? null : { reason: "The receiver answered 503.", since: bench.clock.now() - failingFor } }] });
    await bench.pass(2 * MINUTE);
    return bench.arrived();
  }
  const refused = { code: "S1_TOKEN_REVOKED", kind: "credential", message: "The token was refused.", cure: "Rotate it." };

  it("a token's end is told of 30, 14, 7 and 1 days ahead, and once it has come; a new token ends it", async () => {
    const expiresAt = bench.clock.now() + 31 * DAY;
    const told: string[] = [];
    for (let day = 0; day < 33; day += 1) told.push(...(await connection({ expiresAt }, DAY)));
    expect(told).toEqual(["[low] emea: the token expires in 30 days", "[low] emea: the token expires in 14 days", "[medium] emea: the token expires in 7 days", "[high] emea: the token expires within a day", "[critical] emea: the token has expired"]);
    expect(await connection({ expiresAt: expiresAt + 300 * DAY })).toEqual(["Over: emea: the token has expired"]);
    expect(await connection({ expiresAt: expiresAt + 300 * DAY })).toEqual([]);
  });

  it.each<readonly [string, Partial<Connection>, string]>([
    ["a refused token", { fault: refused }, "[critical] emea: the console refuses the token"],
    ["a changed scope", { fault: { ...refused, code: "S1_SCOPE_CHANGED", kind: "incomplete" } }, "[high] emea: the token reaches less than before"],
    ["a stream that may no longer be read", { forbidden: ["threats"] }, "[high] emea: the token reaches less than before"],
  ])("%s: one message when it starts, one when it ends, none between, and none again", async (_what, trouble, title) => {
    expect(await connection()).toEqual([]);
    expect(await connection(trouble)).toEqual([title]);
    expect([...(await connection(trouble)), ...(await connection(trouble, DAY))]).toEqual([]);
    expect(await connection()).toEqual([`Over: ${title.replace(/^\[\w+\] /, "")}`]);
    expect(await connection()).toEqual([]);
    expect(await connection(trouble)).toEqual([title]);
  });

  it("silence, against what is usual there, and its end", async () => {
    const look = (arrived: boolean): Promise<readonly string[]> => connection({ seen: { arrived, answers: true, devices: null } }, 5 * MINUTE);
    await look(true);
    // Nine days in which it was never quiet for more than an hour.
    const day = Math.floor(bench.clock.now() / DAY);
    const usual = { lookedAt: bench.clock.now(), seenMs: 9 * DAY, quietMs: 0, quiet: [[day - 2, HOUR], [day - 1, HOUR], [day, HOUR]], devices: [], count: null, fell: null };
    await bench.store.tx((tx) => sql`UPDATE health_marks SET mark = ${JSON.stringify(usual)}`.execute(tx.db));
    const told: string[] = [];
    for (let turn = 0; turn < 12 * 4; turn += 1) told.push(...(await look(false)));
    expect(told).toEqual(["[high] emea: nothing arrives any more"]);
    expect((await openTroubles(bench.store.read, onlyTenants(TEN))).map(({ title }) => title)).toEqual(["emea: nothing arrives any more"]);
    expect(await openTroubles(bench.store.read, onlyTenants("ten_other" as TenantId))).toEqual([]);
    expect(await look(true)).toEqual(["Over: emea: nothing arrives any more"]);
    expect(await openTroubles(bench.store.read, EVERY_TENANT)).toEqual([]);
  });

  it("a sudden fall of the number of devices, and its end", async () => {
    const count = (devices: number): Promise<readonly string[]> => connection({ seen: { arrived: true, answers: true, devices } });
    expect(await count(100)).toEqual([]);
    expect(await count(60)).toEqual(["[high] emea: 60 devices, where there were 100"]);
    expect(await count(61)).toEqual([]);
    expect(await count(98)).toEqual(["Over: emea: 61 devices, where there were 100"]);
  });

  it("a destination with parked deliveries, and one that takes nothing for a quarter of an hour", async () => {
    expect(await destination(3, null)).toEqual(["[medium] Destination siem: 3 deliveries are parked"]);
    expect(await destination(4, 10 * MINUTE)).toEqual([]);
    expect(await destination(0, 20 * MINUTE)).toEqual(["SentinelOne integration: 1 trouble, 1 over"]);
    expect(await destination(0, null)).toEqual(["Over: Destination siem: takes nothing"]);
  });

  it("what was over before anybody could be told is not told; what could be told of its beginning alone is told of its end", async () => {
    await connection();
    bench.answer = () => failed("destination");
    await connection({ fault: refused });
    await connection({ forbidden: ["threats"], fault: refused });
    await connection({}, HOUR);
    bench.answer = () => ({ outcome: "accepted" });
    bench.arrived();
    const told = [...(await connection({}, 10 * MINUTE)), ...(await connection({}, 10 * MINUTE)), ...(await connection({}, 10 * MINUTE))];
    expect(told).toEqual(["Over: emea: the console refuses the token", "Over: emea: the console refuses the token"]);
  });

  it("rules that do not ask for it, and other tenants' rules, hear nothing of it", async () => {
    await bench.wipe();
    await bench.rule({ tells: ["opened"] });
    await bench.rule({ name: "other", tenant: "ten_other" });
    expect(await connection({ fault: refused })).toEqual([]);
  });
});
