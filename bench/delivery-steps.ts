/**
 * One step of the delivery benchmark, in a process of its own so that its memory is its own: a hub with one destination, or four at once, is given
 * facts about records and delivers them. FOLDER RECORDS(file of NDJSON) COUNT DESTINATIONS(JSON) HOSTS; ends with one line of JSON.
 */
import { readFileSync } from "node:fs";
import { openHub } from "../src/compose/hub.ts";
import { readSettings } from "../src/compose/settings.ts";
import type { DestinationDraft } from "../src/kernel/delivery-api.ts";
import { DEFAULT_TENANT, type ConnectionId } from "../src/kernel/ids.ts";
import { silentLog } from "../src/kernel/log.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";

const [folder = "", records = "", count = "0", destinations = "[]", hosts = ""] = process.argv.slice(2);
const PAGE = 1_000;
const env = { VEDETTE_DATA: `${folder}/data`, VEDETTE_KEY_FILE: `${folder}/key`, VEDETTE_ALLOW_DESTINATION_HOSTS: hosts };
const lines = readFileSync(records, "utf8").trimEnd().split("\n");
const total = Number(count);
const hub = await openHub({ settings: readSettings(env), env, log: silentLog });

function factAt(number: number) {
  const line = lines[number % lines.length] ?? "{}";
  const raw = `{"benchNumber":${String(number)},${line.slice(1)}`;
  return {
    tenant: DEFAULT_TENANT, kind: "alerts.new", key: `alert ${String(number)}`, version: 1, body: { change: "new", number }, orderKey: `alert ${String(number)}`,
    source: { connection: "con_bench" as ConnectionId, console: "https://usea1-011.sentinelone.net", stream: "alerts" as const, product: "EDR", severity: "high" as const, siteId: "1", raw },
  };
}

try {
  const signal = AbortSignal.timeout(60_000);
  for (const draft of JSON.parse(destinations) as readonly DestinationDraft[]) await hub.destinations.add(EVERY_TENANT, draft, signal, async () => undefined);
  const queueing = performance.now();
  for (let from = 0; from < total; from += PAGE) {
    const page = Array.from({ length: Math.min(PAGE, total - from) }, (_unused, place) => factAt(from + place));
    await hub.store.tx((tx) => hub.queueFact(tx, ...page));
  }
  const began = performance.now();
  const before = process.cpuUsage();
  hub.deliverer.start();
  for (let left = 1; left > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = (await hub.destinations.list(EVERY_TENANT)).reduce((sum, { queued }) => sum + queued, 0);
  }
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const views = await hub.destinations.list(EVERY_TENANT);
  process.stdout.write(`${JSON.stringify({ queueSeconds: (began - queueing) / 1_000, seconds, cpuSeconds: (user + system) / 1e6, delivered: views.reduce((sum, { delivered }) => sum + delivered, 0), parked: views.reduce((sum, { parked }) => sum + parked, 0) })}\n`);
} finally {
  await hub.close();
}
