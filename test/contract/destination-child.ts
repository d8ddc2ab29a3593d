/** Killed by the deliverer's crash test: delivers what is queued in a store to a webhook, says when nothing is left, and ends. */
import { destinationKinds } from "../../src/delivery/destinations/index.ts";
import { Deliverer } from "../../src/delivery/deliverer.ts";
import { BATCH, destinationsWithQueue } from "../../src/delivery/outbox.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { TenantId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseAllowedHosts } from "../../src/net/policy.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const [folder, settings, host] = process.argv.slice(2);
if (folder === undefined || settings === undefined || host === undefined) throw new Error("usage: destination-child FOLDER SETTINGS HOST");
const store = await openSqlite({ folder });
const webhook = destinationKinds({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(host), userAgent: "vedette/test", folder, stdout: null }).find((kind) => kind.id === "webhook");
const deliverer = new Deliverer({
  store,
  clock: systemClock,
  log: silentLog,
  holder: String(process.pid),
  revision: async () => 1,
  open: async () => (webhook === undefined ? undefined : { revision: 1, destination: webhook.open(settings, "ten_mine" as TenantId), format: "raw", timed: false, batch: BATCH }),
});
deliverer.start();
while ((await destinationsWithQueue(store.read)).length > 0) await systemClock.sleep(20);
await deliverer.stop();
await store.close();
process.stdout.write("nothing left\n");
