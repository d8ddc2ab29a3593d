/**
 * Kills a delivering process with SIGKILL while its requests are under way, so before their receipts are written. The receivers live here and
 * remember what came; no kill reaches them. VEDETTE_CRASH_KILLS=50 makes it long, and takes every kind that can be killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listDeliveries } from "../../src/delivery/deliveries.ts";
import { MINE, openDeliveryBench } from "../../src/delivery/test-bench.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import type { ConnectionId } from "../../src/kernel/ids.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { childProgram } from "../support/children.ts";
import { API_KEY, startElasticsearch } from "../support/receivers/elasticsearch.ts";
import { startHttpReceiver } from "../support/receivers/http.ts";
import { INTAKE_KEY, startSekoia } from "../support/receivers/sekoia.ts";
import { startSplunk, TOKEN } from "../support/receivers/splunk.ts";
import { startSyslog } from "../support/receivers/syslog.ts";
import { kindOf, TENANT } from "./destination-harnesses.ts";

const CHILD = childProgram("destination-child");
const GIVEN = process.env["VEDETTE_CRASH_KILLS"];
const KILLS = Number(GIVEN ?? "2");
const KEYS = 20;
const FACTS = Math.max(240, KILLS * 60);
const ROWS = 20;

/** What lives outside the killed process, and saw everything. */
interface Oracle {
  readonly host: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Texts, as they were taken, repeats among them. */
  taken(): readonly string[];
  close(): Promise<void>;
}

const ORACLES: Readonly<Record<string, () => Promise<Oracle>>> = {
  async webhook() {
    const receiver = await startHttpReceiver(() => ({ status: 204 }));
    return { host: receiver.host, config: { url: `${receiver.url}/in` }, taken: () => receiver.asked.map(({ body }) => body), close: () => receiver.close() };
  },
  async elasticsearch() {
    const receiver = await startElasticsearch();
    return { host: receiver.host, config: { url: receiver.url, apiKey: API_KEY }, taken: () => [...receiver.documents.values()], close: () => receiver.close() };
  },
  async syslog() {
    const receiver = await startSyslog();
    return { host: receiver.host, config: { address: `tcp://${receiver.host}` }, taken: () => receiver.messages.map(({ text }) => text), close: () => receiver.close() };
  },
  async splunk() {
    const receiver = await startSplunk();
    return { host: receiver.host, config: { url: receiver.url, token: TOKEN }, taken: () => receiver.events.map(({ text }) => text.slice(text.indexOf('"event":') + 8, -1)), close: () => receiver.close() };
  },
  async sekoia() {
    const receiver = await startSekoia();
    return { host: receiver.host, config: { url: receiver.url, intakeKey: INTAKE_KEY }, taken: () => receiver.events, close: () => receiver.close() };
  },
};
const ABSORBS: ReadonlySet<string> = new Set(["elasticsearch"]);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-deliver-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const rawOf = (place: number): string => `{"n":${String(place)},"digits":9223372036854775807,"x":1.50,"t":"a\\r\\nb"}`;

/** Runs until nothing is left, or until so much more has come; says whether it was killed. */
async function run(data: string, id: string, settings: string, oracle: Oracle, more: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, data, id, settings, oracle.host], { stdio: ["ignore", "pipe", "inherit"] });
  const until = oracle.taken().length + more;
  let killed = false;
  const watch = setInterval(() => {
    if (killed || oracle.taken().length < until) return;
    killed = true;
    child.kill("SIGKILL");
  }, 1);
  await once(child, "close");
  clearInterval(watch);
  return killed;
}

it.each(Object.keys(ORACLES).filter((id) => GIVEN !== undefined || ["webhook", "elasticsearch"].includes(id)))(
  "%s: however often it is killed, nothing is missing, invented or altered, and repeats come under the same id alone",
  async (id) => {
    const data = join(folder, id);
    const oracle = await (ORACLES[id] ?? (() => Promise.reject(new Error("no oracle"))))();
    const bench = await openDeliveryBench(await openSqlite({ folder: data }));
    await bench.add("receiver");
    const source = { connection: "con_1" as ConnectionId, console: null, stream: "alerts" as const, product: null, severity: "high" as const, siteId: null };
    for (let from = 0; from < FACTS; from += 200) {
      await bench.queue(...Array.from({ length: Math.min(200, FACTS - from) }, (_unused, at) => from + at).map((place) => ({ kind: "alerts.new", key: `k${String(place % KEYS)}`, version: Math.floor(place / KEYS), body: {}, source: { ...source, raw: rawOf(place) } })));
    }
    const queued = new Set<string>();
    for (let after: string | undefined; ; ) {
      const page = await listDeliveries(EVERY_TENANT, bench.store, { limit: 1000, ...(after === undefined ? {} : { after }) });
      for (const row of page.items) queued.add(row.id);
      if (page.next === null) break;
      after = page.next;
    }
    await bench.close();
    const kind = kindOf(id, [oracle.host]);
    const { settings } = kind.admit(oracle.config, TENANT);

    let kills = 0;
    for (let round = 0; round < KILLS; round += 1) if (await run(data, id, settings, oracle, 7 + ((round * 13) % 50))) kills += 1;
    expect(await run(data, id, settings, oracle, Number.POSITIVE_INFINITY)).toBe(false);
    await oracle.close();

    // Not vacuous: the kills met it at work.
    expect(kills).toBe(KILLS);
    const taken = oracle.taken().map((text) => ({ text, ...(JSON.parse(text) as { readonly id: string; readonly key: string; readonly version: string }) }));
    expect(new Set(taken.map((one) => one.id))).toEqual(queued);
    expect(taken.length).toBeLessThanOrEqual(FACTS + (ABSORBS.has(id) ? 0 : KILLS * ROWS));
    const texts = new Map<string, string>();
    for (const one of taken) {
      expect(texts.get(one.id) ?? one.text, one.id).toBe(one.text);
      texts.set(one.id, one.text);
      const place = Number(one.version) * KEYS + Number(one.key.slice(1));
      expect(one.text).toContain(`"data":{"record":${rawOf(place)}}`);
    }
    for (let key = 0; key < KEYS; key += 1) {
      const first = [...new Set(taken.filter((one) => one.key === `k${String(key)}`).map((one) => Number(one.version)))];
      expect(first, `k${String(key)}`).toEqual(Array.from({ length: FACTS / KEYS }, (_unused, version) => version));
    }
    const store = await openSqlite({ folder: data });
    const { items } = await listDeliveries(EVERY_TENANT, store, { limit: 1000 });
    await store.close();
    expect(items.filter((row) => row.tenant !== MINE || row.state !== "delivered")).toEqual([]);
  },
  GIVEN === undefined ? 90_000 : 900_000,
);
