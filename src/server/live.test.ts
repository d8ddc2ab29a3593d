import { beforeEach, expect, it } from "vitest";
import type { RunView } from "../kernel/api.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import type { TenantId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import type { Figures } from "../kernel/overview-api.ts";
import { EVERY_TENANT, onlyTenants, scopeKey, type TenantScope } from "../kernel/scope.ts";
import { createLive, type Live } from "./live.ts";

const OWN = onlyTenants("ten_own" as TenantId);
let passed: number;
let runs: RunView[];
let ended: RunView[];
let connections: { id: string; tenant: string; state: string }[];
let looks: number;
let allowed: boolean;
let live: Live;

beforeEach(() => {
  passed = 0;
  runs = [];
  ended = [];
  connections = [{ id: "con_own", tenant: "ten_own", state: "Connected" }, { id: "con_other", tenant: "ten_other", state: "Connected" }];
  looks = 0;
  allowed = true;
  // Waits are over soon; only what the test lets pass has passed.
  const clock: Clock = { ...systemClock, monotonic: () => passed, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 3), signal) };
  live = createLive({
    clock,
    log: silentLog,
    runsUnderWay: () => {
      looks += 1;
      return runs;
    },
    runsEnded: () => ended,
    connections: async () => connections,
    figures: async (scope) => ({ of: scopeKey(scope) }) as unknown as Figures,
  });
});

function run(tenant: string, received: number, phase: RunView["streams"][number]["phase"] = "snapshot"): RunView {
  const stream = { stream: "agents", phase, pages: 1, requests: 1, received, inserted: received, changed: 0, unchanged: 0, parked: 0, gone: 0, expected: 500, rowsPerSecond: 1, etaSeconds: null, caughtUp: false, fault: null } as const;
  return { id: `run_${tenant}`, connection: `con_${tenant.slice(4)}`, tenant, mode: "first", trigger: "connect", state: "running", startedAt: "", endedAt: null, streams: [stream] };
}

function listen(scope: TenantScope = EVERY_TENANT, lastEventId: string | null = null, caller = "one") {
  const stop = new AbortController();
  const chunks = live.listen({ caller, scope, lastEventId, signal: stop.signal, stillAllowed: async () => allowed });
  let heard = "";
  const over = (async () => {
    for await (const chunk of chunks) heard += chunk;
  })();
  return { stop, over, heard: () => heard, hears: (text: string) => expect.poll(() => heard, { interval: 2 }).toContain(text) };
}

const idsIn = (text: string): readonly string[] => [...text.matchAll(/^id: (\S+)$/gm)].map(([, id = ""]) => id);

it("tells first how everything stands and then what changes, each listener of its own tenants alone", async () => {
  const [own, all] = [listen(OWN, null, "a"), listen(EVERY_TENANT, null, "b")];
  await own.hears('event: figures\ndata: {"of":"ten_own"}');
  await all.hears('event: figures\ndata: {"of":"*"}');
  runs = [run("ten_own", 10), run("ten_other", 20)];
  await own.hears('event: sync\ndata: {"connection":"con_own","stream":"agents","state":"snapshot","read":10,"total":500,"rows":10}');
  await all.hears('"read":20');
  ended = [run("ten_own", 500, "done"), run("ten_other", 77, "failed")];
  runs = [];
  await own.hears('"state":"done","read":500');
  await all.hears('"state":"failed","read":77');
  connections = [{ id: "con_own", tenant: "ten_own", state: "Needs attention" }];
  await own.hears('data: {"id":"con_own","state":"Needs attention"}');
  await all.hears('data: {"id":"con_other","state":"Removed"}');
  expect(own.heard()).not.toMatch(/other/);
  live.close();
  await Promise.all([own.over, all.over]);
});

it("tells of a reading that began and ended between two looks, once", async () => {
  const one = listen();
  await one.hears("figures");
  ended = [run("ten_own", 12, "done")];
  await one.hears('"state":"done","read":12');
  const before = looks;
  await expect.poll(() => looks, { interval: 2 }).toBeGreaterThan(before + 3);
  expect(one.heard().match(/"state":"done"/g)).toHaveLength(1);
  live.close();
});

it("tells of a reading that came to the same as the one before it", async () => {
  ended = [{ ...run("ten_own", 12, "done"), id: "run_1" }];
  const own = listen(OWN);
  await own.hears("event: figures");
  expect(own.heard()).not.toContain("event: sync");
  ended = [...ended, { ...run("ten_own", 12, "done"), id: "run_2" }];
  await own.hears("event: sync");
  ended = ended.slice(1);
  await own.hears("event: figures");
  expect(own.heard().match(/event: sync/g)).toHaveLength(1);
  own.stop.abort();
  await own.over;
});

it("gives who was away for a moment what he missed, and tells everybody else to load anew", async () => {
  const [stays, leaves] = [listen(EVERY_TENANT, null, "a"), listen(EVERY_TENANT, null, "b")];
  await leaves.hears("figures");
  runs = [run("ten_own", 1)];
  await leaves.hears('"read":1,');
  const last = idsIn(leaves.heard()).at(-1) ?? "";
  leaves.stop.abort();
  await leaves.over;
  runs = [run("ten_own", 2)];
  await stays.hears('"read":2,');
  const back = listen(EVERY_TENANT, last, "b");
  await back.hears("figures");
  expect([back.heard().includes("event: reload"), /id: \S+\nevent: sync\ndata: \S*"read":2,/.test(back.heard())]).toEqual([false, true]);
  for (const wrong of ["another-1", `${last.split("-")[0] ?? ""}-999`, "x"]) {
    const again = listen(EVERY_TENANT, wrong, wrong);
    await again.hears("event: reload");
  }
  live.close();
});

it("who comes back after nobody looked is told to load anew", async () => {
  const first = listen();
  await first.hears("figures");
  runs = [run("ten_own", 1)];
  await first.hears('"read":1,');
  first.stop.abort();
  await first.over;
  const back = listen(EVERY_TENANT, idsIn(first.heard()).at(-1) ?? "");
  await back.hears("event: figures");
  expect(back.heard()).toContain("event: reload");
  live.close();
});

it("looks around only while somebody listens", async () => {
  const one = listen();
  await one.hears("figures");
  one.stop.abort();
  await one.over;
  const before = looks;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(looks).toBe(before);
});

it("beats while nothing happens, and ends for who may listen no longer and after ten minutes", async () => {
  const [one, two] = [listen(EVERY_TENANT, null, "a"), listen(EVERY_TENANT, null, "b")];
  await Promise.all([one.hears("figures"), two.hears("figures")]);
  passed += 15_000;
  await one.hears(": still here");
  passed += 10 * 60_000;
  await Promise.all([one.over, two.over]);
  const three = listen();
  await three.hears("figures");
  allowed = false;
  passed += 15_000;
  await three.over;
  expect(three.heard()).not.toContain("still here");
});

it("lets one caller have eight streams, and one that ended makes room", async () => {
  const eight = Array.from({ length: 8 }, () => listen());
  expect(() => listen()).toThrow("Too many live streams");
  const other = listen(EVERY_TENANT, null, "other");
  eight[0]?.stop.abort();
  const ninth = listen();
  await ninth.hears("figures");
  live.close();
  await Promise.all([...eight, other, ninth].map(({ over }) => over));
});

it("tells who does not keep up to load anew instead of keeping everything for him", async () => {
  const slow = live.listen({ caller: "slow", scope: EVERY_TENANT, lastEventId: null, signal: new AbortController().signal, stillAllowed: async () => true });
  await slow.next();
  await slow.next();
  runs = Array.from({ length: 520 }, (_, n) => run(`ten_${String(n)}`, n));
  const before = looks;
  await expect.poll(() => looks, { interval: 2 }).toBeGreaterThan(before + 1);
  const { value } = (await slow.next()) as { value: string };
  expect(value).toMatch(/^id: \S+\nevent: reload\n/);
  expect(value.length).toBeLessThan(20_000);
  live.close();
  await slow.return(undefined);
});
