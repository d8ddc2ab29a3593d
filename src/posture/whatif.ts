/**
 * What a set of rules would say of the devices as they are known now, before anybody enforces it: counted page by page over the stored devices,
 * with today's exceptions and evidence. Keeps nothing, changes nothing, and holds no more than a page and the groups it counts.
 */
import { sql } from "kysely";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../kernel/clock.ts";
import type { TenantId } from "../kernel/ids.ts";
import { WhatIfAnswer, WhatIfQuestion } from "../kernel/posture-whatif-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { withinScope } from "../store/conditions.ts";
import type { Store, Tx } from "../store/store.ts";
import { evidenceByConnection, evidenceFor, setAside, slowestReadings } from "./evidence.ts";
import { exceptionsOn } from "./exceptions.ts";
import type { DeviceFacts, Outcome, Rule, RuleDraft } from "./model.ts";
import type { FindTenant } from "./owner.ts";
import { readFacts, readTold } from "./project.ts";
import { remarksOn } from "./remarks.ts";
import { parseRules } from "./rule-form.ts";
import { liveRules, type StoredRule } from "./rules-store.ts";
import { scoreOf, verdictOf, type Verdict } from "./verdicts.ts";

/** Small enough that a page is garbage before the collector takes it for something that lasts: a thousand took up to 150 MB more. */
const PAGE = 250;
const SHOWN = 50;
/** Distinct users, sites or systems that are counted by name; devices of further ones count as others. */
const MOST_GROUPS = 20_000;

interface DeviceRow {
  readonly connection_id: string;
  readonly id: string;
  readonly tenant_id: string;
  readonly facts: string;
  readonly verdicts: string;
}

export interface WhatIfRequest {
  readonly drafts: readonly RuleDraft[];
  /** Only its devices. */
  readonly tenant: TenantId | null;
}

/** The answer's shape; throws where `signal` is aborted, because half a count is none. */
export async function whatIf(store: Pick<Store, "read" | "kind">, scope: TenantScope, request: WhatIfRequest, now: number, signal: AbortSignal): Promise<WhatIfAnswer> {
  const live = await liveRules(store.read, scope);
  const rules = request.drafts.map((draft, place) => proposed(draft, place, live, request.tenant));
  const current = new Set(live.filter(({ shadow, warnOnly }) => !shadow && !warnOnly).map(({ id }) => id));
  const connections = await evidenceByConnection(store.read);
  const slowest = await slowestReadings(store.read, request.tenant);
  const perRule = rules.map(() => ({ pass: 0, fail: 0, unknown: 0, "not-applicable": 0 }) satisfies Record<Outcome, number>);
  const outcomes = { pass: 0, warn: 0, fail: 0, unknown: 0 };
  const [sites, systems, users] = [new Groups(), new Groups(), new Groups()];
  let [devices, newlyFailing, excepted] = [0, 0, 0];

  for (let after: DeviceRow | undefined; ; ) {
    signal.throwIfAborted();
    const page = await pageOf(store, scope, request.tenant, after);
    const aside = await setAside(store.read, store.kind, page);
    const exceptions = await exceptionsOn(store.read, store.kind, page, now);
    for (const row of page) {
      const facts = { ...readFacts(row.facts), tenant: row.tenant_id as TenantId };
      const evidence = evidenceFor(row, connections, aside);
      const told = readTold(row.verdicts);
      const verdicts = rules.map((rule, place) => {
        const verdict = verdictOf(rule, facts, Object.hasOwn(told, rule.id) ? told[rule.id] : undefined, evidence, exceptions(row.connection_id, row.id, rule.id), now);
        const counts = perRule[place];
        if (counts !== undefined) counts[verdict.outcome] += 1;
        return verdict;
      });
      const outcome = together(verdicts);
      devices += 1;
      outcomes[outcome] += 1;
      if (outcome !== "fail" && verdicts.some(refusedButFor)) excepted += 1;
      if (outcome !== "fail") continue;
      if (!Object.entries(told).some(([rule, { o }]) => o === "fail" && current.has(rule))) newlyFailing += 1;
      sites.count(facts.siteName ?? facts.siteId);
      systems.count(systemOf(facts));
      users.count(facts.emails[0] ?? facts.userName);
    }
    after = page.at(-1);
    if (page.length < PAGE || after === undefined) break;
    // Others are answered meanwhile.
    await turn();
  }
  return {
    devices,
    outcomes,
    newlyFailing,
    excepted,
    rules: rules.map((rule, place) => ({ name: rule.name, shadow: rule.shadow, pass: perRule[place]?.pass ?? 0, fail: perRule[place]?.fail ?? 0, unknown: perRule[place]?.unknown ?? 0, notApplicable: perRule[place]?.["not-applicable"] ?? 0, remarks: [...remarksOn(rule, slowest)] })),
    bySite: sites.largest(),
    byOs: systems.largest(),
    byUser: users.largest(),
  };
}

/** As it would be once applied: exceptions and last known verdicts of the rule it would replace hold for it. */
function proposed(draft: RuleDraft, place: number, live: readonly StoredRule[], tenant: TenantId | null): Rule {
  const own = live.filter((rule) => rule.tenant === tenant);
  const carried = draft.source?.id ?? null;
  const replaced = own.find(({ id }) => id === draft.id) ?? (carried === null ? undefined : own.find(({ source }) => source?.id === carried)) ?? own.find(({ name }) => name === draft.name);
  return { ...draft, id: replaced?.id ?? `proposed-${String(place)}`, tenant, version: (replaced?.version ?? 0) + 1 };
}

async function pageOf({ read }: Pick<Store, "read">, scope: TenantScope, tenant: TenantId | null, after: DeviceRow | undefined): Promise<readonly DeviceRow[]> {
  // Compared as a pair, each page begins in the key's index where the last one ended.
  const behind = after === undefined ? sql`1 = 1` : sql`(connection_id, id) > (${after.connection_id}, ${after.id})`;
  const whose = tenant === null ? sql`1 = 1` : sql`tenant_id = ${tenant}`;
  const { rows } = await sql<DeviceRow>`
    SELECT connection_id, id, tenant_id, facts, verdicts FROM posture_devices WHERE ${behind} AND ${whose} AND ${withinScope(scope)} ORDER BY connection_id, id LIMIT ${PAGE}`.execute(read);
  return rows;
}

/** A refusal by what is known is a fail; by what is not known, unknown. */
function together(verdicts: readonly Verdict[]): "pass" | "warn" | "fail" | "unknown" {
  const score = scoreOf(verdicts, true);
  if (score !== 0) return score === 100 ? "pass" : "warn";
  return verdicts.some(({ enforced, decision, outcome, rule }) => enforced && !decision.allow && outcome === "fail" && !rule.warnOnly) ? "fail" : "unknown";
}

function refusedButFor({ exception, outcome, rule }: Verdict): boolean {
  return exception !== null && outcome === "fail" && !rule.shadow && !rule.warnOnly;
}

function systemOf({ osName, platform }: DeviceFacts): string | null {
  return osName ?? platform;
}

class Groups {
  readonly #failing = new Map<string | null, number>();
  #others = 0;

  count(name: string | null): void {
    const known = this.#failing.get(name);
    if (known === undefined && this.#failing.size >= MOST_GROUPS) this.#others += 1;
    else this.#failing.set(name, (known ?? 0) + 1);
  }

  largest(): WhatIfAnswer["bySite"] {
    const all = [...this.#failing].toSorted(([a, most], [b, more]) => more - most || String(a).localeCompare(String(b), "en"));
    const items = all.slice(0, SHOWN).map(([name, failing]) => ({ name, failing }));
    return { items, others: this.#others + all.slice(SHOWN).reduce((sum, [, failing]) => sum + failing, 0) };
  }
}

/** Rules may be many: as large as a list of them that is applied. */
const BODY_LIMIT = 16 * 1_048_576;

export function whatIfRoutes({ store, clock, findTenant }: { readonly store: Store; readonly clock: Clock; readonly findTenant: FindTenant }): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/posture/whatif",
      summary: "Who would fail under these rules, by site, system and user",
      permission: "posture.read",
      audit: unaudited("counts, and keeps nothing"),
      body: WhatIfQuestion,
      bodyLimit: BODY_LIMIT,
      answer: WhatIfAnswer,
      async handle({ body }, { scope, signal }: RouteContext<Tx>) {
        const drafts = parseRules(body.rules);
        const tenant = body.tenant === undefined ? null : await findTenant(store.read, scope, body.tenant);
        return whatIf(store, scope, { drafts, tenant }, clock.now(), signal);
      },
    }),
  ];
}
