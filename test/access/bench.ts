/**
 * From the simulated console to the answers about access, through a whole hub: the six streams of the graph are read, what is due is done, and everything is asked
 * over HTTP. What should come out is taken from the console's own records.
 */
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import type { AccessCoverage, BindingView } from "../../src/kernel/access-api.ts";
import type { RunView } from "../../src/kernel/api.ts";
import type { StreamId } from "../../src/kernel/stream-ids.ts";
import type { FaultRule, Simulator, SimulatorOptions } from "../../src/simulator/index.ts";
import { skippingClock, type SkippingClock } from "../support/clock.ts";
import { openWorld, type World, type WorldOptions } from "../support/world.ts";

export const HOUR = 3_600_000;
export const STREAMS = ["accounts", "sites", "groups", "roles", "users", "service-users"] as const satisfies readonly StreamId[];
/** Where each of them is listed. */
export const PATHS: Readonly<Record<(typeof STREAMS)[number], string>> = { accounts: "/accounts", sites: "/sites", groups: "/groups", roles: "/rbac/roles", users: "/users", "service-users": "/service-users" };

const SMALL: SimulatorOptions = { seed: 12, agents: 0, users: 40, serviceUsers: 14, sites: 5, accounts: 2, alerts: 0, risks: 0, threats: 0, activities: 0 };

type Row = Readonly<Record<string, unknown>>;

export class AccessBench {
  readonly world: World;
  readonly clock: SkippingClock;

  constructor(world: World, clock: SkippingClock) {
    this.world = world;
    this.clock = clock;
  }

  /** A console that has been read once. */
  static async open(options: WorldOptions = {}): Promise<AccessBench> {
    const clock = skippingClock();
    const bench = new AccessBench(await openWorld({ pageSize: 6, clock, ...options, estate: { ...SMALL, ...options.estate } }), clock);
    await bench.read();
    return bench;
  }

  get simulator(): Simulator {
    return this.world.simulator;
  }

  /** A run to its end, and what follows from it. The token is looked at first: with what it reads now, a run reads. */
  async read(options: { readonly streams?: readonly StreamId[]; readonly full?: boolean } = {}): Promise<RunView> {
    const run = await this.world.sync({ streams: STREAMS, ...options });
    await this.settle();
    return run;
  }

  /** A first reading is taken in afterwards. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round += 1) await this.world.hub.upkeep.once();
  }

  async verify(): Promise<void> {
    await this.world.hub.connections.verify(EVERY_TENANT, this.world.connection, true, AbortSignal.timeout(20_000), async () => {});
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.simulator.advance(ms);
  }

  faults(...rules: readonly FaultRule[]): void {
    this.simulator.setFaults({ rules });
  }

  async get<T>(path: string): Promise<T> {
    const { hub } = this.world;
    const answer = await hub.app.inject({ method: "GET", url: `/api/v1/access/${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` } });
    if (answer.statusCode !== 200) throw new Error(`${path}: ${String(answer.statusCode)} ${answer.body.slice(0, 500)}`);
    return answer.json<T>();
  }

  async coverage(): Promise<AccessCoverage> {
    const [only] = (await this.get<{ readonly items: readonly AccessCoverage[] }>("coverage")).items;
    if (only === undefined) throw new Error("no connection is covered");
    return only;
  }

  /** Every binding, page by page. */
  async bindings(): Promise<readonly BindingView[]> {
    const all: BindingView[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const page: { readonly items: readonly BindingView[]; readonly next: string | null } = await this.get(`bindings?limit=1000${next === "" ? "" : `&after=${encodeURIComponent(next)}`}`);
      all.push(...page.items);
      ({ next } = page);
    }
    return all;
  }

  /** As `kind principal role scope-kind scope`, sorted. */
  async assignments(): Promise<readonly string[]> {
    return (await this.bindings()).map(({ principal, role, scope }) => [principal.kind, principal.id, role.id, scope.kind, scope.id].join(" ")).toSorted();
  }

  /** The same, from the console's records. */
  truth(): readonly string[] {
    return [...trueAssignments("user", this.simulator.truth("users")), ...trueAssignments("service-user", this.simulator.truth("service-users"))].toSorted();
  }

  close(): Promise<void> {
    return this.world.close();
  }
}

export function* trueAssignments(kind: "user" | "service-user", records: Iterable<Row>): Generator<string> {
  for (const { id, scope, scopeRoles } of records) {
    for (const held of scopeRoles as readonly Row[]) yield [kind, id, held["roleId"], scope === "tenant" ? "global" : scope, held["id"]].join(" ");
  }
}
