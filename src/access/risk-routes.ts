/** HTTP routes of the graph's risks: what is found and how grave it is, page by page, counted, or handed over whole. */
import Type from "typebox";
import { AccessFinding, AccessRiskFilter, AccessRiskSummary, type AccessRiskNote } from "../kernel/access-risk-api.ts";
import { csvRow } from "../kernel/csv.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { Database, Tx } from "../store/store.ts";
import { hasHiddenPrincipals, PEOPLE_HIDDEN } from "./coverage.ts";
import { connectionsOf } from "./graph.ts";
import { placeOf } from "./list-routes.ts";
import { RISK_KINDS, RISKS, SUBJECTS, type RiskKind, type Severity } from "./risk-model.ts";
import { eachFinding, listFindings, summarize, type Judgement, type RiskFilter, type RiskPlace } from "./risks.ts";
import { riskRecordRoutes } from "./risk-record-routes.ts";
import type { AccessRouteDeps } from "./routes.ts";

const BASE = "/api/v1/access/risks";
const Reading = "reads only";
const DEFAULT_PAGE = 100;
const DEFAULT_WORST = 50;

type Query = { readonly [Name in keyof typeof AccessRiskFilter]?: string | undefined };

export function riskRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;
  const judge = async (query: Query, { scope, signal }: Pick<RouteContext<Tx>, "scope" | "signal">): Promise<Judgement> => ({ store, ...(await filterOf(deps, scope, query)), now: clock.now(), signal });
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Findings, with evidence and the fix, in an order that stays",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ ...AccessRiskFilter, after: Type.Optional(Type.String({ minLength: 1, maxLength: 14_000, description: "`next` of the page before." })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
      answer: Type.Object({ items: Type.Array(AccessFinding), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query: { after, limit = DEFAULT_PAGE, ...query } }, context: RouteContext<Tx>) {
        const { items, next } = await listFindings(await judge(query, context), after === undefined ? null : riskPlace(after), limit);
        return { items: [...items], next: next === null ? null : JSON.stringify([next.tenant, next.connection, next.subject, JSON.stringify(next.key)]) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/summary`,
      summary: "How many findings of each risk, the gravest of them, and what could not be judged",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ ...AccessRiskFilter, worst: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })) }),
      answer: AccessRiskSummary,
      async handle({ query: { worst = DEFAULT_WORST, ...query } }, context: RouteContext<Tx>) {
        const judgement = await judge(query, context);
        const summary = await summarize(judgement, worst);
        const notes = [...(await hiddenNotes(store.read, judgement)), ...summary.notes];
        const names = new Map<string, string | null>();
        for (const { connection } of notes) if (connection !== null && !names.has(connection)) names.set(connection, (await deps.coverage(store.read, connection as ConnectionId, context.scope)).name);
        return { ...summary, notes: notes.map((note) => ({ ...note, name: names.get(note.connection ?? "") ?? null })) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/export`,
      summary: "All findings as NDJSON or CSV",
      permission: "access.read",
      audit: unaudited(Reading),
      query: Type.Object({ ...AccessRiskFilter, format: Type.Optional(Type.Enum(["ndjson", "csv"])) }),
      answer: "stream",
      async handle({ query: { format, ...query } }, context: RouteContext<Tx>) {
        const findings = eachFinding(await judge(query, context));
        if (format === "csv") return { contentType: "text/csv; charset=utf-8", fileName: "access-risks.csv", chunks: csvOf(findings) };
        return { contentType: "application/x-ndjson", fileName: "access-risks.ndjson", chunks: linesOf(findings) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/kinds`,
      summary: "The risks that are looked for, how grave each is and how it is mended",
      permission: "access.read",
      audit: unaudited(Reading),
      answer: Type.Object({ items: Type.Array(Type.Object({ risk: Type.String(), title: Type.String(), severity: Type.String(), fix: Type.String() })), next: Type.Null() }),
      handle: async () => ({ items: RISK_KINDS.map((risk) => ({ risk, title: RISKS[risk].title, severity: RISKS[risk].severity, fix: RISKS[risk].fix })), next: null }),
    }),
    ...riskRecordRoutes(deps),
  ];
}

/** Consoles of which the asker has sites and not the people: that nothing is found there means nothing. */
async function hiddenNotes(db: Database, { scope, filter }: Judgement): Promise<AccessRiskNote[]> {
  const notes: AccessRiskNote[] = [];
  for (const connection of filter.connection === undefined ? await connectionsOf(db, scope) : [filter.connection]) {
    if (await hasHiddenPrincipals(db, scope, connection)) notes.push({ connection, tenant: null, risk: null, note: PEOPLE_HIDDEN });
  }
  return notes;
}

async function filterOf({ store, findTenant, findConnection }: AccessRouteDeps, scope: TenantScope, query: Query): Promise<{ readonly scope: TenantScope; readonly filter: RiskFilter }> {
  const filter: RiskFilter = {
    ...(query.risk === undefined ? {} : { risks: kindsIn(query.risk) }),
    ...(query.severity === undefined ? {} : { severity: query.severity as Severity }),
    ...(query.connection === undefined ? {} : { connection: await findConnection(scope, query.connection) }),
    ...(query.principal === undefined ? {} : { principal: query.principal }),
    ...(query.exceptions === undefined ? {} : { exceptions: query.exceptions as NonNullable<RiskFilter["exceptions"]> }),
  };
  if (query.tenant === undefined) return { scope, filter };
  const tenant = await findTenant(store.read, scope, query.tenant);
  return { scope: { all: false, tenants: scopeAllows(scope, tenant) ? [tenant] : [] }, filter };
}

function kindsIn(text: string): readonly RiskKind[] {
  return text.split(",").map((part) => {
    const kind = RISK_KINDS.find((one) => one === part.trim());
    if (kind === undefined) throw new Fault("CONFIG_INVALID", `query/risk names a risk that is not looked for.`, { cure: `Those there are: ${RISK_KINDS.join(", ")}.` });
    return kind;
  });
}

function riskPlace(after: string): RiskPlace {
  const [tenant = "", connection = "", subjectName = "", key = ""] = placeOf(after, 4);
  const subject = SUBJECTS.find((one) => one === subjectName);
  if (subject === undefined) throw wrongPlace();
  return { tenant, connection, subject, key: placeOf(key, { principal: 2, binding: 5, role: 1, person: 2 }[subject]) };
}

async function* linesOf(findings: AsyncIterable<AccessFinding>): AsyncGenerator<string> {
  for await (const text of together(findings, (finding) => `${JSON.stringify(finding)}\n`)) yield text;
}

const COLUMNS = ["id", "risk", "severity", "confidence", "title", "connection", "tenant", "principalKind", "principalId", "principalName", "principalEmail", "roleId", "roleName", "scopeKind", "scopeId", "scopeName", "since", "evidence", "fix", "exceptionId", "exceptionOwner", "exceptionEndsAt"] as const;

async function* csvOf(findings: AsyncIterable<AccessFinding>): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  yield* together(findings, (finding) => {
    const { principal, role, scope, exception } = finding;
    return csvRow([
      finding.id, finding.risk, finding.severity, finding.confidence, finding.title, finding.connection, finding.tenant, principal?.kind, principal?.id, principal?.name, principal?.email, role?.id, role?.name, scope?.kind, scope?.id,
      scope?.name, finding.since, finding.evidence, finding.fix, exception?.id, exception?.owner, exception?.endsAt,
    ]);
  });
}

const CHUNK = 65_536;

/** Lines in chunks: a listing of a hundred thousand is not a hundred thousand writes. */
async function* together(findings: AsyncIterable<AccessFinding>, line: (finding: AccessFinding) => string): AsyncGenerator<string> {
  let chunk = "";
  for await (const finding of findings) {
    chunk += line(finding);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
