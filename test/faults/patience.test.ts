/** A console that is slower than the reader's patience: the request is given up in bounded time, by name, and a console that is fast again is read. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { createBudget } from "../../src/net/budget.ts";
import { parseAllowedHosts } from "../../src/net/policy.ts";
import type { ConsoleClient } from "../../src/sentinelone/client.ts";
import { createConsoleClient } from "../../src/sentinelone/rest-client.ts";
import { startSimulator, type Fault, type Simulator } from "../../src/simulator/index.ts";
import { insistent } from "../../src/simulator/simulator.test-kit.ts";
import { skippingClock } from "../support/clock.ts";

const PATIENCE_MS = 300;

let simulator: Simulator;
let client: ConsoleClient;
beforeAll(async () => {
  simulator = insistent(await startSimulator({ agents: 40 }));
  const clock = skippingClock();
  client = createConsoleClient({
    origin: simulator.url,
    token: new Secret(simulator.tokens.viewer),
    budget: createBudget({ clock, share: "off" }),
    clock,
    log: silentLog,
    allowedHosts: parseAllowedHosts(new URL(simulator.url).host),
    userAgent: "vedette/test",
    env: {},
    retry: { attempts: 1, firstMs: 1, maxMs: 1 },
    headersTimeoutMs: PATIENCE_MS,
    bodyTimeoutMs: PATIENCE_MS,
  });
});
afterEach(() => {
  simulator.setFaults({ rules: [] });
});
afterAll(async () => {
  await client.close();
  await simulator.close();
});

it.each<Fault>([
  { kind: "slow", ms: 60_000 },
  { kind: "slow-body", ms: 60_000 },
])("$kind beyond all patience is a console that does not answer", async (fault) => {
  simulator.setFaults({ rules: [{ path: "/agents", fault }] });
  const start = performance.now();
  await expect(client.page("/agents", { limit: 40 })).rejects.toMatchObject({ code: "S1_UNREACHABLE", kind: "unavailable" });

  expect(performance.now() - start).toBeLessThan(5_000);
  simulator.setFaults({ rules: [] });
  expect((await client.page("/agents", { limit: 40 })).records.length).toBe(40);
});
