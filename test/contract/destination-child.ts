/** Killed by the deliverer's crash test: delivers what is queued in a store to one destination, says when nothing is left, and ends. */
import { destinationKinds } from "../../src/delivery/destinations/index.ts";
import { Deliverer } from "../../src/delivery/deliverer.ts";
import { destinationsWithQueue } from "../../src/delivery/outbox.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { TenantId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseAllowedHosts } from "../../src/net/policy.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

/** Small, so that a kill meets many of them. */
const ROWS = 20;

const [folder, id, settings, host] = process.argv.slice(2);
if (folder === undefined || id === undefined || settings === undefined || host === undefined) throw new Error("usage: destination-child FOLDER KIND SETTINGS HOST");
const store = await openSqlite({ folder });
const kind = destinationKinds({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(host), userAgent: "vedette/test", folder, stdout: null }).find((each) => each.id === id);
const deliverer = new Deliverer({
  store,
  clock: systemClock,
  log: silentLog,
  holder: String(process.pid),
  revision: async () => 1,
  open: async () => (kind === undefined ? undefined : { revision: 1, destination: kind.open(settings, "ten_mine" as TenantId), format: "raw", timed: false, batch: { rows: ROWS, bytes: 4_194_304 } }),
});
deliverer.start();
while ((await destinationsWithQueue(store.read)).length > 0) await systemClock.sleep(20);
await deliverer.stop();
await store.close();
process.stdout.write("nothing left\n");
