/** Plans of chaos, each made from one number: an estate, the streams that are read, and what happens, one thing after the other. */
import fc from "fast-check";
import { STREAM_IDS, type StreamId } from "../../src/kernel/stream-ids.ts";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";
import { FAULT_KINDS, type FaultKind, type FaultRule, type Mutation, type SimulatorOptions } from "../../src/simulator/index.ts";
import { isDeed, KINDS, type Effect } from "./kinds.ts";

export type Step =
  /** Something changes at the console. */
  | { readonly step: "news"; readonly mutation: Mutation }
  /** Time goes by, for both. */
  | { readonly step: "pass"; readonly ms: number }
  /** Somebody sets the hub's clock. */
  | { readonly step: "set-clock"; readonly ms: number }
  /** The console's trouble from here on; none ends it, and gives the token back what it had. */
  | { readonly step: "faults"; readonly rules: readonly FaultRule[] }
  /** A run; something may change at the console before the given request of it. */
  | { readonly step: "read"; readonly full: boolean; readonly meanwhile: { readonly request: number; readonly mutation: Mutation } | null }
  | { readonly step: "restart" };

export interface Plan {
  readonly estate: SimulatorOptions;
  readonly pageSize: number;
  readonly streams: readonly StreamId[];
  readonly steps: readonly Step[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const estate: fc.Arbitrary<SimulatorOptions> = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  agents: fc.integer({ min: 0, max: 45 }),
  users: fc.integer({ min: 0, max: 20 }),
  serviceUsers: fc.integer({ min: 0, max: 12 }),
  sites: fc.integer({ min: 1, max: 5 }),
  accounts: fc.integer({ min: 1, max: 3 }),
  alerts: fc.integer({ min: 0, max: 40 }),
  risks: fc.integer({ min: 0, max: 50 }),
  applications: fc.integer({ min: 0, max: 50 }),
  threats: fc.integer({ min: 0, max: 35 }),
  activities: fc.integer({ min: 0, max: 45 }),
});

/** Activities are written once and stay; the console's own roles, accounts and sites are what everything else hangs on. */
const ACTIONS: Readonly<Partial<Record<StreamId, readonly Mutation["action"][]>>> = { activities: ["add"], accounts: ["update"], sites: ["update", "add"], roles: ["update"] };

export function mutationOf(stream: StreamId): fc.Arbitrary<Mutation> {
  return fc.record({
    stream: fc.constant(stream),
    action: fc.constantFrom(...(ACTIONS[stream] ?? (["update", "add", "remove"] as const))),
    count: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.integer({ min: 5, max: 30 }) }),
  });
}

/** An activity is read once, when it is new: what alters or moves an old one, or takes it away for a while, would stay so in the mirror. */
function mayStrike(stream: StreamId, kind: FaultKind): boolean {
  const { effect } = KINDS[kind];
  return stream !== "activities" || (effect !== "alters" && effect !== "moves" && kind !== "withhold");
}

/** A fault that strikes somewhere in the readings of a stream; of those with an effect that `may` be. */
export function ruleOf(stream: StreamId, may: (effect: Effect) => boolean = () => true): fc.Arbitrary<FaultRule> {
  const { endpoint, columns } = STREAMS.find(({ id }) => id === stream) ?? { endpoint: "*", columns: [] };
  const kinds = FAULT_KINDS.filter((kind) => mayStrike(stream, kind) && may(KINDS[kind].effect));
  // A record with another key is another record, as far as anybody can tell.
  const fields = columns.filter(({ name }) => name !== "id").map(({ source }) => source);
  return fc.tuple(fc.constantFrom(...kinds), fc.constantFrom(...fields)).chain(([name, field]) => {
    const { effect, make } = KINDS[name];
    const times = isDeed(effect) ? fc.integer({ min: 1, max: 2 }) : fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 2 });
    const spot = fc.record({ after: fc.integer({ min: 0, max: 10 }), times, probability: fc.constantFrom(1, 1, 0.5), fault: make(field) });
    return spot.map(({ times: often, ...rule }) => ({ path: endpoint, ...(often === undefined ? {} : { times: often }), ...rule }));
  });
}

function stepOf(streams: readonly StreamId[]): fc.Arbitrary<Step> {
  const mutation = fc.constantFrom(...streams).chain(mutationOf);
  const meanwhile = fc.option(fc.record({ request: fc.integer({ min: 1, max: 25 }), mutation }), { freq: 2 });
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.constant("news" as const), mutation }) },
    { weight: 3, arbitrary: fc.record({ step: fc.constant("pass" as const), ms: fc.constantFrom(MINUTE, 6 * MINUTE, 40 * MINUTE, 2 * HOUR, 9 * HOUR, 26 * HOUR) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant("set-clock" as const), ms: fc.constantFrom(-6 * HOUR, -3 * MINUTE, 20 * MINUTE, 5 * HOUR) }) },
    { weight: 4, arbitrary: fc.record({ step: fc.constant("faults" as const), rules: fc.array(fc.constantFrom(...streams).chain(ruleOf), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ step: "faults" as const, rules: [] }) },
    { weight: 6, arbitrary: fc.record({ step: fc.constant("read" as const), full: fc.boolean(), meanwhile }) },
    { weight: 1, arbitrary: fc.constant({ step: "restart" as const }) },
  );
}

const plans: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.constantFrom(...STREAM_IDS), { minLength: 1, maxLength: 4 })
  .chain((streams) => fc.record({ estate, pageSize: fc.constantFrom(4, 7, 10, 25), streams: fc.constant(streams), steps: fc.array(stepOf(streams), { minLength: 4, maxLength: 12 }) }));

/** The plan of this number, always the same. */
export function planOf(seed: number): Plan {
  const [plan] = fc.sample(fc.noBias(plans), { seed, numRuns: 1 });
  if (plan === undefined) throw new Error("no plan was made");
  return plan;
}

/** What the faults of each step of a plan may do to a stream. */
function effectsOn(plan: Plan, stream: StreamId): readonly (readonly Effect[])[] {
  const path = STREAMS.find(({ id }) => id === stream)?.endpoint;
  return plan.steps.map((step) => (step.step === "faults" ? step.rules.filter((rule) => rule.path === path).map(({ fault }) => KINDS[fault.kind].effect) : []));
}

/** Whether a reader can know, at every moment of the plan, that what it misses is not gone. */
export function canTellGone(plan: Plan, stream: StreamId): boolean {
  return effectsOn(plan, stream).every((effects) => !effects.includes("hides") && !(effects.includes("miscounts") && effects.length > 1));
}

/** Whether a reader can know, at every moment of the plan, that what it holds is not what the console has. */
export function canTellDifference(plan: Plan, stream: StreamId): boolean {
  return canTellGone(plan, stream) && effectsOn(plan, stream).every((effects) => !effects.includes("alters"));
}
