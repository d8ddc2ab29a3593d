/** HTTP routes of priority: the lists that are given, due dates by rule, what to fix first, and the updates that close most with the devices they are for. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { csvRow } from "../kernel/csv.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { onlyTenants, type TenantScope } from "../kernel/scope.ts";
import { FixesAnswer, FixFirstAnswer, INTELLIGENCE_KINDS, IntelligenceAnswer, IntelligenceDraft, IntelligenceLoaded, SlaDraft, SlaView, type FixFirstView, type IntelligenceKind, type IntelligenceView } from "../kernel/vulnerability-priority-api.ts";
import type { Database, Tx } from "../store/store.ts";
import { fixDevices, fixes, fixFirst, type FixFirst } from "./answers.ts";
import { inChunks } from "./export/text.ts";
import { loadedOf, loadEpss, loadKev, type Loaded } from "./intelligence.ts";
import type { VulnerabilityRouteDeps } from "./routes.ts";
import { policyOf, setPolicy, type StoredPolicy } from "./sla-dates.ts";
import { DAY_MS } from "./sla.ts";
import { tables } from "./tables.ts";

const BASE = "/api/v1/vulnerabilities";
/** The scores of all CVEs are some 12 MB. */
const FILE_LIMIT = 64 * 1_048_576;
const Name = Type.String({ minLength: 1, maxLength: 400 });
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 500 }));
const ofTenant = { tenant: Type.Optional(Name) };

export function priorityRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/intelligence`,
      summary: "The lists of known exploited vulnerabilities (KEV) and prediction scores (EPSS) that were given, and how old they are",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      answer: IntelligenceAnswer,
      handle: async () => ({ items: await intelligence(store.read, clock.now()) }),
    }),
    ...INTELLIGENCE_KINDS.map((kind) =>
      defineRoute({
        method: "PUT",
        path: `${BASE}/intelligence/${kind}`,
        summary: kind === "kev" ? "Give a newer catalogue of known exploited vulnerabilities, whole; it counts for every tenant" : "Give newer prediction scores, whole; they count for every tenant",
        permission: "operate",
        audit: audited("vulnerability-intelligence.loaded"),
        body: IntelligenceDraft,
        bodyLimit: FILE_LIMIT,
        answer: IntelligenceLoaded,
        handle: ({ body }, { record }: RouteContext<Tx>) =>
          store.tx(async (tx) => {
            const now = clock.now();
            const { loaded, changes, unchanged } = await (kind === "kev" ? loadKev(tx, body.text, now) : loadEpss(tx, body.text, now));
            await record(tx, { subject: kind, tenant: null, details: { version: loaded.version, entries: loaded.entries, sha256: loaded.sha256, unchanged } });
            return { kind, loaded: loadedView(loaded, now), changes: { ...changes }, unchanged };
          }),
      }),
    ),
    defineRoute({
      method: "GET",
      path: `${BASE}/sla`,
      summary: "In how many days findings of each severity are due",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      query: Type.Object(ofTenant),
      answer: SlaView,
      async handle({ query }, { scope }: RouteContext<Tx>) {
        const tenant = await oneTenant(deps, scope, query.tenant, "due dates");
        return slaView(tenant, await policyOf(store.read, tenant));
      },
    }),
    defineRoute({
      method: "PUT",
      path: `${BASE}/sla`,
      summary: "Set in how many days findings of each severity are due; dates follow in the background",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-sla.changed"),
      query: Type.Object(ofTenant),
      body: SlaDraft,
      answer: SlaView,
      async handle({ query, body }, { scope, actor, record }: RouteContext<Tx>) {
        const tenant = await oneTenant(deps, scope, query.tenant, "due dates");
        return store.tx(async (tx) => {
          const stored = await setPolicy(tx, tenant, body.policy, { by: actor.name, now: clock.now(), version: body.version });
          await record(tx, { subject: "sla", tenant, details: { version: stored.version } });
          return slaView(tenant, stored);
        });
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/fix-first`,
      summary: "Open findings with the highest risk scores, each with the terms of its score",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      query: Type.Object({ ...ofTenant, limit: Limit }),
      answer: FixFirstAnswer,
      async handle({ query: { tenant, limit = 50 } }, { scope }: RouteContext<Tx>) {
        const now = clock.now();
        return { items: (await fixFirst(store, await narrowed(deps, scope, tenant), limit, now)).map(fixFirstView), intelligence: await intelligence(store.read, now) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/fixes`,
      summary: "Updates of applications by how many open findings they close",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      query: Type.Object({ ...ofTenant, limit: Limit }),
      answer: FixesAnswer,
      handle: async ({ query: { tenant, limit = 50 } }, { scope }: RouteContext<Tx>) => ({ items: [...(await fixes(store, await narrowed(deps, scope, tenant), limit, clock.now()))] }),
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/fixes/devices`,
      summary: "The devices that an update is for, as CSV: a list to hand over",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      query: Type.Object({ ...ofTenant, application: Name, vendor: Type.Optional(Name) }),
      answer: "stream",
      async handle({ query: { tenant, application, vendor } }, { scope }: RouteContext<Tx>) {
        return { contentType: "text/csv; charset=utf-8", fileName: "vedette-fix-devices.csv", chunks: inChunks(deviceRows(deps, await narrowed(deps, scope, tenant), application, vendor ?? null)) };
      },
    }),
  ];
}

/** What the scope sees, or one tenant of it. */
export async function narrowed({ store, findTenant }: VulnerabilityRouteDeps, scope: TenantScope, reference: string | undefined): Promise<TenantScope> {
  return reference === undefined ? scope : onlyTenants(await findTenant(store.read, scope, reference));
}

/** The tenant named; else the only one there is to mean. */
export async function oneTenant({ store, findTenant }: VulnerabilityRouteDeps, scope: TenantScope, reference: string | undefined, own: string): Promise<TenantId> {
  if (reference !== undefined) return findTenant(store.read, scope, reference);
  const seen = scope.all ? (await tables(store.read).selectFrom("vuln_agents").select("tenant_id").distinct().limit(2).execute()).map((row) => row.tenant_id as TenantId) : scope.tenants;
  const [first, second] = seen;
  if (first !== undefined && second === undefined) return first;
  throw new Fault("CONFIG_INVALID", first === undefined ? "There is no tenant with devices yet." : `There are several tenants, and each has ${own} of its own.`, { cure: "Name one with tenant (--tenant)." });
}

async function* deviceRows({ store }: VulnerabilityRouteDeps, scope: TenantScope, application: string, vendor: string | null): AsyncGenerator<string> {
  yield csvRow(["host_name", "agent_id", "connection", "site", "user", "application", "version", "findings", "worst_severity", "due_at"]);
  for await (const one of fixDevices(store, scope, application, vendor)) yield csvRow([one.name, one.agent, one.connection, one.site, one.user, application, one.version, one.findings, one.worst, one.dueAt === null ? null : isoTime(one.dueAt)]);
}

async function intelligence(db: Database, now: number): Promise<IntelligenceView[]> {
  const views: IntelligenceView[] = [];
  for (const kind of INTELLIGENCE_KINDS) views.push(await intelligenceView(db, kind, now));
  return views;
}

async function intelligenceView(db: Database, kind: IntelligenceKind, now: number): Promise<IntelligenceView> {
  const loaded = await loadedOf(db, kind);
  return { kind, loaded: loaded === null ? null : loadedView(loaded, now) };
}

function loadedView({ version, releasedAt, loadedAt, entries, sha256 }: Loaded, now: number): NonNullable<IntelligenceView["loaded"]> {
  return { version, releasedAt: isoTime(releasedAt), loadedAt: isoTime(loadedAt), ageDays: Math.max(0, Math.floor((now - releasedAt) / DAY_MS)), entries, sha256 };
}

function slaView(tenant: string, { policy, version, updatedAt, updatedBy }: StoredPolicy): SlaView {
  return { tenant, policy, version, updatedAt: updatedAt === null ? null : isoTime(updatedAt), updatedBy };
}

function fixFirstView({ facts, kev, epss, risk, dueAt, ...one }: FixFirst): FixFirstView {
  return {
    finding: one.finding, tenant: one.tenant, cve: facts.cve, application: facts.application, vendor: facts.vendor, severity: one.severity, nvdBaseScore: facts.nvdBaseScore, baseScore: facts.baseScore,
    exploitedInTheWild: facts.exploitedInTheWild, kev: kev === null ? null : { added: kev.added, due: kev.due, ransomware: kev.ransomware }, epss: epss === null ? null : { score: epss.score, percentile: epss.percentile },
    risk: { score: risk.score, band: risk.band, formula: risk.formula, terms: risk.terms.map((term) => ({ ...term })) }, instances: one.instances, devices: one.devices, overdue: one.overdue, dueAt: dueAt === null ? null : isoTime(dueAt),
  };
}
