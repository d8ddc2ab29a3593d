/**
 * Kills a hub with SIGKILL anywhere between the page an alert comes on and the receipt of its delivery, while alerts come and change. Console and receiver live in
 * this process: no kill reaches what was there, or what has arrived. VEDETTE_CRASH_KILLS=50 makes it long, VEDETTE_CRASH_SEED repeats a run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { childProgram } from "../support/children.ts";
import { startHttpReceiver } from "../support/receivers/http.ts";
import { openWorld } from "../support/world.ts";
import { randomFrom } from "../support/random.ts";

const CHILD = childProgram("receipt-child");
const GIVEN = process.env["VEDETTE_CRASH_KILLS"];
const KILLS = Number(GIVEN ?? "2");
const SEED = Number(process.env["VEDETTE_CRASH_SEED"] ?? (GIVEN === undefined ? "1" : String(Date.now() % 1_000_000)));
const YEARS = 3_650;
/** On a machine that has much else to do, starting alone takes a while. */
const WITHIN_MS = 60_000;
/** What may be sent again by a kill: one batch. */
const BATCH = 100;

interface Arrived {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly version: string;
  readonly data: { readonly record: { readonly id: string; readonly status?: string; readonly threatInfo?: { readonly incidentStatus?: string } } };
}

const record = async (): Promise<void> => {};

it(
  `killed ${String(KILLS)} times between page and receipt (seed ${String(SEED)}), the hub tells the receiver of every alert and every change, each under one id, and of nothing else`,
  async () => {
    const random = randomFrom(SEED);
    const receiver = await startHttpReceiver(() => ({ status: 204 }));
    const world = await openWorld({ estate: { agents: 20, alerts: 150, threats: 60, activities: 1, risks: 1, latencyMs: 5 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: receiver.host } });
    const { simulator, folder } = world;
    try {
      await world.hub.destinations.add(EVERY_TENANT, { name: "siem", kind: "webhook", config: { url: `${receiver.url}/in` }, facts: ["alerts.*", "threats.*"], lookBackDays: YEARS }, AbortSignal.timeout(20_000), record);
      await world.hub.close();
      const data = join(folder, "data");
      const env = { ...process.env, VEDETTE_DATA: data, VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(simulator.url).host, VEDETTE_ALLOW_DESTINATION_HOSTS: receiver.host, VEDETTE_REQUEST_SHARE: "off" };

      /** Lets it work until `when` says so and kills it then; says whether anything was unfinished. */
      const killed = async (when: () => boolean): Promise<boolean> => {
        const child = spawn(process.execPath, [CHILD, world.connection], { env, stdio: ["ignore", "ignore", "inherit"] });
        onTestFinished(() => void child.kill("SIGKILL"));
        const closed = once(child, "close");
        while (!when() && child.exitCode === null) await delay(1);
        child.kill("SIGKILL");
        expect(await closed).toEqual([null, "SIGKILL"]);
        const store = new Sqlite(join(data, "vedette.sqlite"), { readonly: true });
        const open = store.prepare<[], number>("SELECT (SELECT count(*) FROM outbox WHERE state = 'queued') + (SELECT count(*) FROM sync_runs WHERE state = 'running')").pluck().get() ?? 0;
        store.close();
        return open > 0;
      };

      const changed = new Map<string, string>();
      let met = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        simulator.mutate({ stream: "alerts", action: "add", count: 10 });
        simulator.mutate({ stream: "threats", action: "add", count: 5 });
        const [alert = "", threat = ""] = [[...simulator.truth("alerts")], [...simulator.truth("threats")]].map((all) => String(all[Math.floor(random() * all.length)]?.["id"]));
        simulator.mutate({ stream: "alerts", action: "update", ids: [alert], set: { status: "RESOLVED" } });
        simulator.mutate({ stream: "threats", action: "update", ids: [threat], set: { "threatInfo.incidentStatus": "resolved" } });
        changed.set(alert, "RESOLVED").set(threat, "resolved");
        // By turns while pages come in and while deliveries go out.
        const asked = simulator.requests().total + Math.floor(random() * 14);
        // Of no more than a round brings.
        const arrived = receiver.asked.length + 1 + Math.floor(random() * 12);
        const until = performance.now() + WITHIN_MS;
        if (await killed(() => (kill % 2 === 0 ? simulator.requests().total > asked : receiver.asked.length >= arrived) || performance.now() > until)) met += 1;
      }
      const last = spawn(process.execPath, [CHILD, world.connection, "last"], { env, stdio: ["ignore", "ignore", "inherit"] });
      onTestFinished(() => void last.kill("SIGKILL"));
      expect(await once(last, "close")).toEqual([0, null]);

      const told = receiver.asked.map(({ body }) => ({ ...(JSON.parse(body) as Arrived), body }));
      const of = Map.groupBy(told, ({ data: { record: { id } } }) => id);
      const truth = [...simulator.truth("alerts"), ...simulator.truth("threats")].map((one) => String(one["id"]));
      expect([...of.keys()].toSorted()).toEqual(truth.toSorted());
      const wrong = [...changed].filter(([id, status]) => {
        const { record: newest } = of.get(id)?.at(-1)?.data ?? {};
        return (newest?.threatInfo?.incidentStatus ?? newest?.status) !== status;
      });
      expect(wrong).toEqual([]);
      // One id for each version of each alert, one text for each id.
      const versions = Map.groupBy(told, ({ key, version }) => `${key} ${version}`);
      expect([...versions].filter(([, all]) => new Set(all.map(({ id, body }) => `${id} ${body}`)).size > 1)).toEqual([]);
      const ids = new Set(told.map(({ id }) => id));
      expect(ids.size).toBe(versions.size);
      expect(told.length).toBeLessThanOrEqual(ids.size + KILLS * BATCH);
      const store = new Sqlite(join(data, "vedette.sqlite"), { readonly: true });
      const rows = store.prepare<[], { id: string; state: string }>("SELECT id, state FROM outbox").all();
      store.close();
      expect(rows.filter(({ state }) => state !== "delivered")).toEqual([]);
      expect(new Set(rows.map(({ id }) => id))).toEqual(ids);
      // Not vacuous: the kills met it at work.
      expect(met).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2));
    } finally {
      await receiver.close();
      await world.close();
    }
  },
  120_000 + KILLS * (WITHIN_MS + 10_000),
);
