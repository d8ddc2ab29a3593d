import { expect, it } from "vitest";
import type { RunId } from "../src/kernel/ids.ts";
import { STREAMS } from "../src/sentinelone/streams/index.ts";
import { openWorld } from "./support/world.ts";

it("a hub that stops does not wait for what a run that has ended still owes to capabilities", async () => {
  const world = await openWorld({ estate: { agents: 2, users: 1, alerts: 1, risks: 1, threats: 1, activities: 1, sites: 1, accounts: 1 } });
  const { hub } = world;
  const paying = Promise.withResolvers<void>();
  // What is owed after the first read of a large console takes minutes; here it takes until somebody says stop.
  const payOwed = (stop?: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      paying.resolve();
      stop?.addEventListener("abort", () => resolve(false));
    });
  Object.assign(hub.mirror, { payOwed });
  const connection = await hub.connections.readableOne(world.connection);
  if (connection === undefined) throw new Error("the connection is gone");
  const { id } = await hub.runner.start({ connection, streams: STREAMS.filter((stream) => stream.id === "sites"), full: false, trigger: "request" });
  expect((await hub.runner.finished(id as RunId))?.state).toBe("succeeded");
  await paying.promise;
  const asked = performance.now();
  await world.close();
  expect(performance.now() - asked).toBeLessThan(5000);
}, 20_000);
