/** Killed by the joint crash tests: reads a connection's alerts again and again, and tells and delivers meanwhile. `last` reads once more, tells and delivers all there is, and ends. */
import { sql } from "kysely";
import { openHub } from "../../src/compose/hub.ts";
import { readSettings } from "../../src/compose/settings.ts";
import type { ConnectionId, RunId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";

const [connection = "", mode = ""] = process.argv.slice(2);
/** Small, so that a kill meets many of them. */
const PAGE = 25;
const hub = await openHub({ settings: readSettings(process.env), env: process.env, log: silentLog, pageSize: PAGE });
hub.deliverer.start();
hub.notifier.start();

async function read(full: boolean): Promise<void> {
  const readable = await hub.connections.readableOne(connection as ConnectionId);
  if (readable === undefined) throw new Error("the connection is gone");
  const run = await hub.runner.start({ connection: readable, streams: STREAMS.filter(({ id }) => id === "alerts" || id === "threats"), full, trigger: "request" });
  await hub.runner.finished(run.id as RunId);
  await hub.runner.tidied();
  await hub.upkeep.once();
}

async function waiting(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT (SELECT count(*) FROM outbox WHERE state = 'queued') + (SELECT count(*) FROM notification_items WHERE due_at <= ${Date.now()}) + (SELECT count(*) FROM case_triage_due) AS n`.execute(hub.store.read);
  return Number(rows[0]?.n ?? 0);
}

if (mode === "last") await read(true);
else for (;;) await read(false);
while ((await waiting()) > 0) {
  await hub.upkeep.once();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await hub.close();
process.stdout.write("all told\n");
