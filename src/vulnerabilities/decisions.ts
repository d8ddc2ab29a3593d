/** What people decide about instances: one by one, or all of a finding. A decision that is not for good says when it ends, and what weighs more is left as it is. */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Tx } from "../store/store.ts";
import { decided, isActive, released, type Decision, type Step } from "./lifecycle.ts";
import type { InstanceFacts, Staleness } from "./model.ts";
import type { InstanceRow } from "./tables.ts";
import { instanceFrom, writeSteps } from "./write.ts";

/** Decided in one go; a finding on more devices is decided in parts, by `after`. */
export const MOST_DECIDED = 5_000;

export interface Decided {
  readonly tenant: string;
  readonly changed: number;
  /** Left as they were, because somebody of more weight decided. */
  readonly left: number;
  /** Of the last one looked at, where more are waiting. */
  readonly next: string | null;
}

/** `status` null takes a decision back: what scans and SentinelOne say holds again. NOT_FOUND where the scope has no such finding or instance. */
export async function decide(tx: Tx, scope: TenantScope, id: string, decision: Omit<Decision, "status"> & { readonly status: Decision["status"] | null }, after: string | undefined, now: number): Promise<Decided> {
  const { status } = decision;
  if (status === "scan-mitigated") throw new Fault("CONFIG_INVALID", "body/status: scan-mitigated is what a scan says; manually-mitigated is what a person says.");
  if (decision.expiresAt !== null && decision.expiresAt <= now) throw new Fault("CONFIG_INVALID", "body/expiresAt: the decision would be over already.");
  if ((status === "accepted-risk" || status === "exception-granted") && decision.expiresAt === null) throw new Fault("CONFIG_INVALID", `body/expiresAt: ${status} ends some day; say when.`);
  if (status !== null && !isActive(status) && decision.reason === null) throw new Fault("CONFIG_INVALID", `body/reason: ${status} wants a reason.`);
  const column = id.startsWith("fnd_") ? sql`i.finding_id` : sql`i.id`;
  const { rows } = await sql<InstanceRow & { readonly agent_stale: Staleness | null }>`
    SELECT i.*, a.stale AS agent_stale FROM vuln_instances AS i LEFT JOIN vuln_agents AS a ON a.connection_id = i.connection_id AND a.id = i.agent_id
    WHERE ${column} = ${id} AND ${withinScope(scope, "i.tenant_id")} ${after === undefined ? sql`` : sql`AND i.id > ${after}`} ORDER BY i.id LIMIT ${MOST_DECIDED + 1}`.execute(tx.db);
  const [first] = rows;
  if (first === undefined) throw new Fault("NOT_FOUND", "There is no such finding or instance.", { cure: "List them with `vedette vulnerabilities list`." });
  const looked = rows.slice(0, MOST_DECIDED);
  const steps: Step[] = [];
  let left = 0;
  for (const { agent_stale: stale, ...row } of looked) {
    const old = instanceFrom(row);
    // What is fixed by a scan is not accepted: there is nothing to accept.
    const step = status === null ? released(old, (JSON.parse(old.facts) as InstanceFacts).source, stale, "decided", decision.actor, now) : old.status === "scan-mitigated" ? null : decided(old, { ...decision, status }, stale, now);
    if (step === null || (status === null && old.decided_by === "source")) left += 1;
    else steps.push(step);
  }
  await writeSteps(tx, steps, now);
  return { tenant: first.tenant_id, changed: steps.length, left, next: rows.length > MOST_DECIDED ? (looked.at(-1)?.id ?? null) : null };
}
