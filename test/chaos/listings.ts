/**
 * Full listings, each struck by a fault somewhere, while records also come, change and really go: how many were declared gone that the
 * console has. Records that the console neither lists nor counts are left out of it: that is how it looks when they are gone.
 */
import fc from "fast-check";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { FaultRule, Mutation } from "../../src/simulator/index.ts";
import { skippingClock } from "../support/clock.ts";
import { differences, wrongfullyGone } from "../support/truth.ts";
import { openWorld, type World } from "../support/world.ts";
import { mutationOf, ruleOf } from "./plan.ts";

const STREAMS: readonly StreamId[] = ["agents", "users", "service-users", "threats", "groups", "alerts", "cloud-detection-alerts", "risks", "applications"];
/** One estate for so many listings. */
const TOGETHER = 100;
/** After so many, the trouble ends for a while and the mirror has to become the truth. */
const UNTIL_HEALED = 50;
const DAY = 86_400_000;
/** A stream that has fewer records gets more: nobody can be wrong about an empty one. */
const FEWEST = 16;

interface Listing {
  readonly stream: StreamId;
  readonly rule: FaultRule;
  readonly news: Mutation | null;
}

export interface Figures {
  readonly listings: number;
  /** Listings in which a fault did strike. */
  readonly struck: number;
  /** Of them, those that ended with a fault of ours. */
  readonly ended: number;
  /** Records that were gone, and were declared so. */
  readonly gone: number;
  /** Declared gone, and at the console. */
  readonly wrongful: readonly string[];
  /** What was not healed when the trouble ended. */
  readonly unhealed: readonly string[];
}

const listing: fc.Arbitrary<Listing> = fc.constantFrom(...STREAMS).chain((stream) =>
  fc.record({
    stream: fc.constant(stream),
    // Early in the listing, and for certain: one that is over before the fault has its turn tells nothing.
    rule: ruleOf(stream, (effect) => effect !== "hides").map(({ probability: _always, after = 0, ...rule }) => ({ ...rule, after: after % 6 })),
    news: fc.option(mutationOf(stream), { freq: 2 }),
  }),
);

/** The same listings for the same seed. `open` may open another copy of the hub. */
export async function strikeListings(count: number, seed: number, open: typeof openWorld = openWorld): Promise<Figures> {
  const total = { listings: 0, struck: 0, ended: 0, gone: 0, wrongful: new Set<string>(), unhealed: new Set<string>() };
  for (let at = 0; at < count; at += TOGETHER) {
    const listings = fc.sample(fc.noBias(listing), { seed: seed + at, numRuns: Math.min(TOGETHER, count - at) });
    const estate = { seed: seed + at, agents: 40, users: 30, serviceUsers: 24, sites: 4, accounts: 2, alerts: 24, risks: 30, applications: 24, threats: 30, activities: 0 };
    const clock = skippingClock();
    const world = await open({ pageSize: 10, clock, faultsMayMiss: true, estate });
    const pass = (ms: number): void => {
      clock.advance(ms);
      world.simulator.advance(ms);
    };
    try {
      await world.sync({ streams: ["sites", ...STREAMS] });
      for (const [turn, one] of listings.entries()) {
        pass(60_000);
        const outcome = await strike(world, one);
        total.listings += 1;
        total.struck += outcome.struck ? 1 : 0;
        total.ended += outcome.ended ? 1 : 0;
        total.gone += outcome.gone;
        for (const id of await wrongfullyGone(world, one.stream)) total.wrongful.add(`seed ${String(seed + at)}, listing ${String(turn)}: ${one.stream} ${id} after ${JSON.stringify(one.rule)}`);
        if ((turn + 1) % UNTIL_HEALED === 0) {
          const healed = await heal(world, pass);
          total.gone += healed.gone;
          for (const line of healed.left) total.unhealed.add(`seed ${String(seed + at)}, listing ${String(turn)}: ${line}`);
        }
      }
    } finally {
      await world.close();
    }
  }
  return { ...total, wrongful: [...total.wrongful], unhealed: [...total.unhealed] };
}

async function strike(world: World, { stream, rule, news }: Listing): Promise<{ readonly struck: boolean; readonly ended: boolean; readonly gone: number }> {
  const { simulator } = world;
  const size = [...simulator.truth(stream)].length;
  if (news !== null) simulator.mutate(news.action === "remove" ? { ...news, count: Math.min(news.count ?? 1, size - FEWEST / 2) } : news);
  if (size < FEWEST) simulator.mutate({ stream, action: "add", count: FEWEST });
  simulator.setFaults({ rules: [rule] });
  const [run] = (await world.sync({ streams: [stream], full: true })).streams;
  const struck = simulator.faults().rules.some(({ fired }) => fired > 0);
  wellAgain(world);
  return { struck, ended: run?.fault !== null, gone: run?.gone ?? 0 };
}

function wellAgain({ simulator }: World): void {
  simulator.setFaults({ rules: [] });
  simulator.changeToken("viewer", { revoked: false, level: "tenant", ids: [] });
}

/** Full readings: one may finish what a fault broke off, and what nothing counts waits for a second; what is left then has not been healed. */
async function heal(world: World, pass: (ms: number) => void): Promise<{ readonly gone: number; readonly left: readonly string[] }> {
  let gone = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    pass(DAY);
    const run = await world.sync({ streams: ["sites", ...STREAMS], full: true });
    gone += run.streams.reduce((sum, stream) => sum + stream.gone, 0);
  }
  const lines: string[] = [];
  for (const stream of STREAMS) for (const line of await differences(world, stream)) lines.push(`${stream} ${line}`);
  return { gone, left: lines };
}
