/** The whole hub on a real PostgreSQL: first sync, what changed, what is gone, SQL, a restart; each time the mirror equals the console's truth. */
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAM_IDS, type StreamId } from "../src/kernel/stream-ids.ts";
import { startPostgres, type PostgresServer } from "./contract/postgres-server.ts";
import { skippingClock, type SkippingClock } from "./support/clock.ts";
import { differences } from "./support/truth.ts";
import { openWorld, truthIds, type World } from "./support/world.ts";

let server: PostgresServer | undefined;
let world: World | undefined;
let clock: SkippingClock;

beforeAll(async () => {
  server = await startPostgres();
  if (server === undefined) return;
  const url = await server.database();
  clock = skippingClock();
  world = await openWorld({ clock, pageSize: 20, env: { VEDETTE_DATABASE_URL: url.reveal() }, estate: { agents: 90, users: 14, sites: 4, accounts: 2, alerts: 50, risks: 90, threats: 40, activities: 80, applications: 180 } });
});
afterAll(async () => {
  await world?.close();
  await server?.stop();
});

function opened(context: Pick<TestContext, "skip">): World {
  if (world === undefined) return context.skip("SKIPPED: no PostgreSQL on this machine");
  return world;
}

async function expectTruth(of: World, but: readonly StreamId[] = []): Promise<void> {
  for (const stream of STREAM_IDS) if (!but.includes(stream)) expect(await differences(of, stream), stream).toEqual([]);
}

async function ask(of: World, sql: string): Promise<{ readonly status: number; readonly lines: readonly unknown[] }> {
  const answer = await of.hub.app.inject({ method: "POST", url: "/api/v1/sql", headers: { authorization: `Bearer ${of.hub.credential.reveal()}`, "content-type": "application/json" }, payload: { sql } });
  return { status: answer.statusCode, lines: answer.body.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as unknown) };
}

describe("the hub on PostgreSQL", () => {
  it("connects and mirrors every stream as the console has it, the books balanced", async (context) => {
    const here = opened(context);
    const run = await here.sync();

    expect(here.hub.store.kind).toBe("postgres");
    expect(run.streams.flatMap(({ stream, fault }) => (fault === null ? [] : [`${stream}: ${fault.message}`]))).toEqual([]);
    for (const stream of run.streams) expect(stream.received, stream.stream).toBe(stream.inserted + stream.changed + stream.unchanged + stream.parked);
    await expectTruth(here);
  });

  it("follows what changes and comes, and reads nothing twice", async (context) => {
    const here = opened(context);
    clock.advance(3_600_000);
    here.simulator.advance(3_600_000);
    for (const stream of ["agents", "threats", "alerts", "risks", "groups"] as const) here.simulator.mutate({ stream, action: "update", count: 3 });
    for (const stream of ["agents", "threats", "alerts", "activities"] as const) here.simulator.mutate({ stream, action: "add", count: 25 });
    const run = await here.sync();
    expect(run).toMatchObject({ mode: "delta", state: "succeeded" });
    // A group counts its agents and a threat shows its agent without a new time of their own; a full reading brings that.
    await expectTruth(here, ["groups", "threats"]);

    const again = await here.sync();
    expect(again.streams.filter(({ inserted, changed, gone }) => inserted + changed + gone > 0)).toEqual([]);
  });

  it("finds what is gone with a full reading, and only that", async (context) => {
    const here = opened(context);
    const gone = truthIds(here.simulator, "agents").slice(3, 9);
    here.simulator.mutate({ stream: "agents", action: "remove", ids: gone });
    const run = await here.sync({ full: true });

    expect(run.state).toBe("succeeded");
    expect((await here.rows("agents_history")).map(({ id }) => id)).toEqual(gone);
    // Their applications went with them, and a listing without a count of its own proves that only when two agree.
    await expectTruth(here, ["applications"]);
    await here.sync({ full: true });
    await expectTruth(here);
  });

  it("answers SQL over the mirror's views and nothing else", async (context) => {
    const here = opened(context);
    const counted = await ask(here, "select count(*) as n from agents where is_active is not null");
    const refused = await ask(here, "select * from secrets");

    expect(counted.status).toBe(200);
    expect(counted.lines).toEqual([{ columns: ["n"] }, [truthIds(here.simulator, "agents").length]]);
    expect(refused.status).toBeGreaterThanOrEqual(400);
  });

  it("goes on after a restart where it stopped", async (context) => {
    const before = opened(context);
    const { watermark } = (await before.hub.status(EVERY_TENANT)).streams.find(({ stream }) => stream === "activities") ?? {};
    const here = await before.reopen();
    world = here;
    here.simulator.mutate({ stream: "activities", action: "add", count: 30 });
    expect((await here.hub.status(EVERY_TENANT)).streams.find(({ stream }) => stream === "activities")?.watermark).toBe(watermark);
    const run = await here.sync();

    expect(run).toMatchObject({ mode: "delta", state: "succeeded" });
    const activities = run.streams.find(({ stream }) => stream === "activities");
    expect(activities?.inserted, JSON.stringify(activities)).toBe(30);
    await expectTruth(here);
  });

  it("lets people sign in, one operator of two at once, and counts what it has", async (context) => {
    const { hub } = opened(context);
    const code = (await hub.signIn.setupCode())?.reveal() ?? "";
    const setUp = (name: string) => hub.app.inject({ method: "POST", url: "/api/v1/setup", headers: { host: "127.0.0.1" }, payload: { code, email: `${name}@example.test`, name, password: "correct horse battery staple" } });
    const answers = await Promise.all([setUp("ada"), setUp("eve")]);
    expect(answers.map(({ statusCode }) => statusCode).toSorted((one, other) => one - other)).toEqual([200, 403]);
    const cookie = [answers.find(({ statusCode }) => statusCode === 200)?.headers["set-cookie"] ?? ""].flat()[0]?.split(";")[0] ?? "";
    const overview = await hub.app.inject({ method: "GET", url: "/api/v1/overview", headers: { host: "127.0.0.1", cookie } });
    expect([overview.statusCode, overview.json<{ figures: { devices: { value: number } } }>().figures.devices.value > 0], overview.body).toEqual([200, true]);
  });
});
