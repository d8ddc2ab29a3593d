/** A bench with connectors and rules, and a reader that answers at once. */
import { sql } from "kysely";
import type { FaultReport } from "../../kernel/fault.ts";
import { EVERY_TENANT } from "../../kernel/scope.ts";
import type { VulnerabilitySeverity } from "../model.ts";
import { CON, TEN, type VulnerabilityBench } from "../test-bench.ts";
import { EVERY_DEVICE, type IngestMode, type RuleMatch } from "./match.ts";
import { countsOf } from "./notices.ts";
import { NO_COUNTS, type IngestCounts } from "./outcomes.ts";
import type { Rule } from "./rules.ts";
import { readingEnded, startRun, waitingRuns } from "./runs.ts";
import { checkedSchedule } from "./schedule.ts";
import { addConnector, addRule, connectorByReference, editRule, pauseRule, removeConnector, removeRule, ruleByReference, type RuleSettings } from "./settings.ts";
import { ingestTables, type HeldRow, type RunRow } from "./tables.ts";

export interface RuleWish {
  readonly name?: string;
  readonly mode?: IngestMode;
  readonly match?: Partial<RuleMatch>;
  readonly floor?: VulnerabilitySeverity | null;
  readonly schedule?: string;
  readonly timezone?: string;
}

export const inSite = (...ids: readonly string[]): Partial<RuleMatch> => ({ sites: ids.map((id) => ({ id, name: null })) });

function settings(wish: RuleWish, now: number): RuleSettings {
  return { name: wish.name ?? "All Endpoints", mode: wish.mode ?? null, match: { ...EVERY_DEVICE, ...wish.match }, floor: wish.floor ?? null, ...checkedSchedule(wish.schedule ?? "continuous", wish.timezone ?? "UTC", now) };
}

export interface Ingest {
  connector(name: string, wish?: RuleWish): Promise<Rule>;
  rule(connector: string, wish: RuleWish): Promise<Rule>;
  edit(reference: string, wish: RuleWish): Promise<Rule>;
  pause(reference: string, paused: boolean): Promise<void>;
  remove(what: "connector" | "rule", reference: string): Promise<void>;
  /** Run now. */
  run(reference: string): Promise<string>;
  /** The reader is done with whatever waits for it. */
  read(faults?: Readonly<Record<string, FaultReport>>): Promise<void>;
  /** Begins what is due, reads, and takes in. */
  settle(faults?: Readonly<Record<string, FaultReport>>): Promise<void>;
  held(): Promise<readonly HeldRow[]>;
  runs(): Promise<readonly (RunRow & { readonly counts: IngestCounts })[]>;
  /** `device-class`, sorted: of agent 1 an open finding is `1 open`. */
  classes(): Promise<readonly string[]>;
}

export function ingestOf(bench: VulnerabilityBench): Ingest {
  const { store } = bench;
  const changing = () => ({ by: "mara", now: bench.now });
  const ingest: Ingest = {
    connector: (name, wish = {}) => store.tx(async (tx) => (await addConnector(tx, { tenant: TEN, connection: CON, name, description: "", mode: "scan", rule: settings(wish, bench.now) }, changing())).rule),
    rule: (connector, wish) => store.tx(async (tx) => addRule(tx, await connectorByReference(tx.db, EVERY_TENANT, connector), settings(wish, bench.now), changing())),
    edit: (reference, wish) => store.tx(async (tx) => editRule(tx, await ruleByReference(tx.db, EVERY_TENANT, reference), settings(wish, bench.now), changing())),
    pause: (reference, paused) => store.tx(async (tx) => void (await pauseRule(tx, await ruleByReference(tx.db, EVERY_TENANT, reference), paused, bench.now))),
    remove: (what, reference) => store.tx(async (tx) => (what === "rule" ? removeRule(tx, await ruleByReference(tx.db, EVERY_TENANT, reference), changing()) : removeConnector(tx, await connectorByReference(tx.db, EVERY_TENANT, reference), changing()))),
    run: (reference) => store.tx(async (tx) => (await startRun(tx, { rule: await ruleByReference(tx.db, EVERY_TENANT, reference), trigger: "request", slot: null, now: bench.now })).id),
    async read(faults = {}) {
      for (const run of await waitingRuns(store.read)) await store.tx((tx) => readingEnded(tx, run.id, faults));
    },
    async settle(faults = {}) {
      await bench.due();
      await ingest.read(faults);
      await bench.due();
    },
    held: async () => (await sql<HeldRow>`SELECT * FROM vuln_held ORDER BY rule_id, stream, id`.execute(store.read)).rows,
    async runs() {
      const runs = await ingestTables(store.read).selectFrom("vuln_runs").selectAll().orderBy("started_at").orderBy("id").execute();
      const counts = await countsOf(store.read, runs.map(({ id }) => id));
      return runs.map((run) => ({ ...run, counts: counts.get(run.id) ?? NO_COUNTS }));
    },
    classes: async () => (await bench.instances()).map((row) => `${row.agent_id} ${row.class}`).toSorted(),
  };
  return ingest;
}
