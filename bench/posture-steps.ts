/**
 * One step of the posture benchmark, in a process of its own so that its memory is its own: `fill`, `serve`, `list`, `whatif` or `sweep`, then the data folder and
 * how many devices. Devices go into the store through posture's own projection; ends with one line of JSON.
 */
import { once } from "node:events";
import { sql } from "kysely";
import { openHub, type Hub } from "../src/compose/hub.ts";
import { readSettings } from "../src/compose/settings.ts";
import { FLEET_SORTS } from "../src/kernel/posture-api.ts";
import { DEFAULT_TENANT, type ConnectionId } from "../src/kernel/ids.ts";
import { silentLog } from "../src/kernel/log.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { applyRules, parseRules } from "../src/posture/index.ts";
import type { DeviceFacts } from "../src/posture/model.ts";
import { DEVICES, deviceRow, KEYS, keysOf } from "../src/posture/project.ts";
import { foldSerial } from "../src/posture/serials.ts";
import { sweepOne } from "../src/posture/sweep.ts";
import { whatIf } from "../src/posture/whatif.ts";
import type { Served } from "./posture-asker.ts";
import { serialOf } from "./posture-serial.ts";

const CONNECTION = "con_bench" as ConnectionId;
const BATCH = 5_000;
const EVERY_MS = 300_000;
const SITES = 20;
/** Devices that the second set of rules refuses and the first does not. */
const FLIPPING = 100;

const [step = "", folder = "", count = "0"] = process.argv.slice(2);
const devices = Number(count);

const LEAVES = [
  { input: "is_active", value: true },
  { input: "network_status", operator: "==", value: "connected" },
  { all: [{ input: "operational_state", operator: "==", value: "na" }, { input: "up_to_date", value: true }, { any: [{ input: "disk_encrypted", value: true }, { input: "tag", operator: "includes", value: "kiosk" }] }] },
];
const rules = (most: number): readonly unknown[] => [...LEAVES.map((condition, place) => ({ name: `Rule ${String(place)}`, condition })), { name: "Threats", condition: { input: "active_threats", operator: "<=", value: most } }];

function keyOf(serial: string): string {
  const folded = foldSerial(serial);
  if (!("key" in folded)) throw new Error("a serial number that says nothing");
  return folded.key;
}

function deviceAt(place: number, now: number): DeviceFacts {
  const hex = place.toString(16).padStart(8, "0");
  return {
    connection: CONNECTION, id: `21${String(place).padStart(16, "0")}`, tenant: DEFAULT_TENANT, siteId: String(place % SITES), siteName: `Site ${String(place % SITES)}`, groupId: "1", groupName: "Default Group",
    tags: [{ key: "env", value: "prod" }], serial: serialOf(place), serialKey: keyOf(serialOf(place)), macs: [`02:11:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6)}`],
    hostname: `LT-${String(place)}`, domain: "ORCHARD", emails: [`user${String(place)}@orchard.test`], userName: `user${String(place)}`, platform: place % 3 === 0 ? "mac" : "windows", osName: "Windows 11 Pro",
    osVersion: "26100", model: "LENOVO - 21CB", agentVersion: "25.1.4.434", infected: place % FLIPPING === 0, activeThreats: place % FLIPPING === 0 ? 2 : 0, isActive: true, networkStatus: "connected",
    operationalState: "na", lastActive: new Date(now - (place % 3_600) * 1_000).toISOString(), upToDate: true, diskEncrypted: true, firewall: true, decommissioned: false, uninstalled: false, rebootPending: false,
    mitigationMode: "protect", missingPermissions: [], userActionsNeeded: [], worstOpenCve: null, knownExploited: null,
  };
}

async function apply(hub: Hub, most: number): Promise<void> {
  await hub.store.tx((tx) => applyRules(tx, { scope: EVERY_TENANT, tenant: null }, parseRules(rules(most)), { replaceAll: true }, Date.now()));
}

async function freshen(hub: Hub): Promise<void> {
  await hub.store.tx(async (tx) => {
    await sql`INSERT INTO mirror_checkpoints (connection_id, stream, format, body, read_to, every_ms) VALUES (${CONNECTION}, 'agents', 1, '{}', ${Date.now()}, ${EVERY_MS})
      ON CONFLICT (connection_id, stream) DO UPDATE SET read_to = excluded.read_to`.execute(tx.db);
  });
}

async function sweep(hub: Hub): Promise<number> {
  let facts = 0;
  for (let more = true; more; ) more = await hub.store.tx((tx) => sweepOne(tx, async (inner, ...queued) => {
    facts += queued.length;
    await hub.queueFact(inner, ...queued);
  }, Date.now()));
  return facts;
}

async function fill(hub: Hub): Promise<object> {
  const now = Date.now();
  for (let from = 0; from < devices; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, devices - from) }, (_unused, place) => deviceAt(from + place, now));
    await hub.store.tx(async (tx) => {
      await tx.bulkUpsert(DEVICES, batch.map((device) => deviceRow(device, { told: {}, turnsAt: null, letters: "", verdict: "none" }, now)));
      await tx.bulkUpsert(KEYS, batch.flatMap((device) => keysOf(device).map(({ kind, key }) => [kind, key, CONNECTION, device.id])));
    });
  }
  await apply(hub, 5);
  await freshen(hub);
  await sweep(hub);
  return { devices };
}

/** Serves the API until it is told to stop; what `posture-asker.ts` needs to ask it goes out as one line. */
async function serve(hub: Hub): Promise<null> {
  await freshen(hub);
  const owner = { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` };
  const added = (await hub.app.inject({ method: "POST", url: "/api/v1/posture/providers", headers: owner, payload: { kind: "cloudflare" } })).json<{ client_id: string; client_secret: string }>();
  const url = await hub.listen("127.0.0.1", 0);
  const stop = once(process, "SIGTERM");
  process.stdout.write(`${JSON.stringify({ url, devices, pid: process.pid, bearer: hub.credential.reveal(), clientId: added.client_id, clientSecret: added.client_secret } satisfies Served)}\n`);
  await stop;
  return null;
}

async function tryRules(hub: Hub): Promise<object> {
  await freshen(hub);
  const began = performance.now();
  const { outcomes } = await whatIf(hub.store, EVERY_TENANT, { drafts: parseRules(rules(1)), tenant: null }, Date.now(), AbortSignal.timeout(120_000));
  return { seconds: (performance.now() - began) / 1_000, failing: outcomes.fail };
}

async function sweepAgain(hub: Hub): Promise<object> {
  await apply(hub, 1);
  await freshen(hub);
  const began = performance.now();
  const facts = await sweep(hub);
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, facts, pairs: devices * rules(1).length };
}

const PAGES = 12;

/** The list of devices through its route: every order in both directions, whole and narrowed, page after page. */
async function list(hub: Hub): Promise<object> {
  const headers = { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` };
  const ask = async (query: Readonly<Record<string, string>>): Promise<{ readonly ms: number; readonly next: string | null; readonly items: number }> => {
    // As a socket would: what an answer leaves behind is let go before the next question.
    await new Promise((resolve) => setImmediate(resolve));
    const began = performance.now();
    const answer = await hub.app.inject({ method: "GET", url: `/api/v1/posture/fleet?${new URLSearchParams(query).toString()}`, headers });
    const ms = performance.now() - began;
    if (answer.statusCode !== 200) throw new Error(answer.body.slice(0, 300));
    const { next, items } = answer.json<{ next: string | null; items: readonly unknown[] }>();
    return { ms, next, items: items.length };
  };
  const waited: number[] = [];
  let shown = 0;
  const narrowings: readonly Readonly<Record<string, string>>[] = [{}, { verdict: "fail" }, { verdict: "pass" }, { site: `Site ${String(SITES - 1)}` }, { os: "Windows" }, { search: `LT-${String(devices).slice(0, 3)}` }, { search: serialOf(17) }, { verdict: "fail", site: "Site 7" }, { verdict: "none" }, { serial: "none" }, { silent: "1" }, { silent: "30", os: "Windows" }];
  for (const sort of FLEET_SORTS.flatMap((one) => [one, `-${one}`])) {
    for (const narrowing of narrowings) {
      let after: string | null = "";
      for (let page = 0; page < PAGES && after !== null; page += 1) {
        const answer = await ask({ sort, limit: "100", ...narrowing, ...(after === "" ? {} : { after }) });
        waited.push(answer.ms);
        shown += answer.items;
        after = answer.next;
      }
    }
  }
  const at = (part: number): number => waited.toSorted((a, b) => a - b)[Math.min(waited.length - 1, Math.floor(waited.length * part))] ?? Number.NaN;
  return { pages: waited.length, shown, p50: at(0.5), p95: at(0.95), worst: at(1) };
}

const STEPS: Readonly<Record<string, (hub: Hub) => Promise<object | null>>> = { fill, serve, list, whatif: tryRules, sweep: sweepAgain };
const work = STEPS[step];
if (work === undefined || folder === "" || !(devices >= 1_000)) throw new Error("fill|serve|list|whatif|sweep FOLDER DEVICES (1,000 or more)");
const env = { VEDETTE_DATA: `${folder}/data`, VEDETTE_KEY_FILE: `${folder}/key` };
const hub = await openHub({ settings: readSettings(env), env, log: silentLog });
try {
  const figures = await work(hub);
  if (figures !== null) process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await hub.close();
}
