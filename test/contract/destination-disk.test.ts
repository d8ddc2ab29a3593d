/** A dead destination and the disk budget: what waits fills it, reading pauses and says why, nothing is dropped, and all goes on when the destination is well. */
import { expect, it } from "vitest";
import type { StatusView } from "../../src/kernel/api.ts";
import { DEFAULT_TENANT, type ConnectionId } from "../../src/kernel/ids.ts";
import { skippingClock } from "../support/clock.ts";
import { startHttpReceiver } from "../support/receivers/http.ts";
import { openWorld } from "../support/world.ts";

const FACTS = 120;
const BUDGET = 12_000_000;

it("what waits for a dead destination fills the budget: reading pauses, says for whom, loses nothing, and goes on when it has been sent", async () => {
  const clock = skippingClock();
  const ids = new Set<string>();
  const receiver = await startHttpReceiver(({ body }) => {
    ids.add((JSON.parse(body) as { readonly id: string }).id);
    return { status: 204 };
  });
  receiver.strike({ status: 503 });
  const world = await openWorld({ clock, estate: { agents: 20, alerts: 5, risks: 5, threats: 5, activities: 5 }, env: { VEDETTE_DISK_BUDGET: String(BUDGET), VEDETTE_ALLOW_DESTINATION_HOSTS: receiver.host } });
  try {
    const ask = async (method: "GET" | "POST" | "PATCH", path: string, payload?: object) => world.hub.app.inject({ method, url: `/api/v1${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` }, ...(payload === undefined ? {} : { payload }) });
    const status = async (): Promise<StatusView> => (await ask("GET", "/status")).json<StatusView>();
    // How many of the estate's own alerts are of the last seven days depends on the hour; neither the first reading nor the destination looks back, so that what is
    // counted is what is queued below.
    await ask("PATCH", `/connections/${world.connection}`, { lookBackDays: 0 });
    await ask("POST", "/destinations", { name: "siem", kind: "webhook", config: { url: `${receiver.url}/in` }, facts: ["alerts.*"], lookBackDays: 0 });
    expect((await world.sync()).state).toBe("succeeded");
    expect([(await status()).hub.readingPaused, (await status()).destinations[0]]).toEqual([false, expect.objectContaining({ queued: 0, delivered: 0 })]);

    for (let key = 0; key < FACTS; key += 1) {
      const source = { connection: "con_1" as ConnectionId, console: null, stream: "alerts" as const, product: null, severity: "high" as const, siteId: null, raw: JSON.stringify({ fill: "x".repeat(100_000), key }) };
      await world.hub.store.tx((tx) => world.hub.queueFact(tx, { tenant: DEFAULT_TENANT, kind: "alerts.new", key: String(key), version: 1, body: {}, orderKey: String(key), source }));
    }
    await world.hub.deliverer.once();
    await world.hub.upkeep.once();
    clock.advance(10_000);
    const paused = await status();
    expect([paused.hub.readingPaused, paused.health.reasons]).toEqual([true, expect.arrayContaining([`disk budget reached: reading is paused; ${String(FACTS)} deliveries wait, all of them for siem`])]);
    expect((await world.sync()).streams.every(({ fault }) => fault?.code === "DISK_BUDGET")).toBe(true);
    expect(paused.destinations).toMatchObject([{ name: "siem", queued: FACTS, parked: 0, delivered: 0, fault: { code: "DESTINATION_UNREACHABLE" } }]);

    receiver.heal();
    clock.advance(600_000);
    await world.hub.deliverer.once();
    expect(ids.size).toBe(FACTS);
    // What was delivered is let go of to make room, and only that.
    clock.advance(10_000);
    await world.hub.upkeep.once();
    clock.advance(10_000);
    expect([(await status()).hub.readingPaused, (await status()).destinations[0]]).toEqual([false, expect.objectContaining({ queued: 0, delivered: FACTS, fault: null })]);
    expect((await world.sync()).state).toBe("succeeded");
    const listed = await ask("GET", "/deliveries?limit=1000");
    expect(listed.json<{ items: readonly { state: string }[] }>().items.filter(({ state }) => state === "delivered")).toHaveLength(FACTS);
  } finally {
    await world.close();
    await receiver.close();
  }
});
