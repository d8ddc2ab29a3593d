/**
 * Kills a delivering process with SIGKILL while its requests are under way: before they are answered and just after, so before their receipts
 * are written. The receiver lives here and remembers; no kill reaches it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MINE, openDeliveryBench } from "../../src/delivery/test-bench.ts";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { listDeliveries } from "../../src/delivery/deliveries.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const CHILD = fileURLToPath(new URL("destination-child.ts", import.meta.url));
const KEYS = 20;
const FACTS = 600;
const KILLS = 6;

interface Arrived {
  readonly id: string;
  readonly key: string;
  readonly version: string;
  readonly text: string;
}

const arrived: Arrived[] = [];
/** Called with each request; what it gives back answers it, or does not. */
let onRequest: (answer: () => void) => void = (answer) => answer();
const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  request.on("end", () => {
    arrived.push({ ...(JSON.parse(text) as Omit<Arrived, "text">), text });
    onRequest(() => response.writeHead(204).end());
  });
});

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-deliver-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Runs until nothing is left, or until `killAt` requests have come; says whether it was killed. */
async function run(host: string, killAt: number, answerFirst: boolean): Promise<boolean> {
  const settings = JSON.stringify({ url: `http://${host}/in`, secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}`, old: null });
  const child = spawn(process.execPath, [CHILD, join(folder, "data"), settings, host], { stdio: ["ignore", "pipe", "inherit"] });
  let seen = 0;
  let killed = false;
  onRequest = (answer) => {
    seen += 1;
    if (killed) return;
    if (seen < killAt || answerFirst) answer();
    if (seen < killAt) return;
    killed = true;
    child.kill("SIGKILL");
  };
  await once(child, "close");
  return killed;
}

it("loses nothing, repeats only under the same id, and keeps each key's order, however often it is killed", async () => {
  const bench = await openDeliveryBench(await openSqlite({ folder: join(folder, "data") }));
  await bench.add("receiver");
  await bench.queue(...Array.from({ length: FACTS }, (_, place) => ({ key: `k${String(place % KEYS)}`, version: Math.floor(place / KEYS) })));
  const queued = (await listDeliveries(EVERY_TENANT, bench.store, { limit: 1000 })).items.map((row) => row.id);
  await bench.close();

  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  let kills = 0;
  for (let round = 0; round < KILLS; round += 1) if (await run(host, 37 + round * 11, round % 2 === 0)) kills += 1;
  expect(await run(host, Number.POSITIVE_INFINITY, true)).toBe(false);

  // Not vacuous: the kills landed, and left repeats behind.
  expect(kills).toBe(KILLS);
  expect(arrived.length).toBeGreaterThan(FACTS);
  expect(arrived.length).toBeLessThanOrEqual(FACTS + KILLS * 100);
  expect([...new Set(arrived.map((one) => one.id))].toSorted()).toEqual(queued.toSorted());
  for (const id of queued) expect(new Set(arrived.filter((one) => one.id === id).map((one) => one.text)).size, id).toBe(1);
  for (let key = 0; key < KEYS; key += 1) {
    const first = [...new Set(arrived.filter((one) => one.key === `k${String(key)}`).map((one) => Number(one.version)))];
    expect(first, `k${String(key)}`).toEqual(Array.from({ length: FACTS / KEYS }, (_, version) => version));
  }
  const store = await openSqlite({ folder: join(folder, "data") });
  const states = (await listDeliveries(EVERY_TENANT, store, { limit: 1000 })).items.filter((row) => row.tenant === MINE).map((row) => row.state);
  await store.close();
  expect(states).toEqual(Array.from({ length: FACTS }, () => "delivered"));
}, 90_000);
