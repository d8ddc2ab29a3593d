/** HTTP routes of what stands beside the verdicts: the results log, exceptions, serial numbers that tell nothing apart, and users' risk. */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { csvRow } from "../kernel/csv.ts";
import { Fault, wrongPlace } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { momentAt } from "../kernel/moments.ts";
import { PostureExceptionDraft, PostureExceptionView, PostureResultsFilter, PostureResultView, RiskLevel, UserRiskView } from "../kernel/posture-api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import { scopeAllows, type TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { addException, endException, listExceptions, type Exception } from "./exceptions.ts";
import { exportResults, listResults, type PostureResult, type ResultFilter } from "./results.ts";
import type { PostureRouteDeps } from "./routes.ts";
import { serialRoutes } from "./serial-routes.ts";
import { findUserRisk, listUserRisk, resetUserRisk, type UserRisk } from "./user-risk.ts";

const BASE = "/api/v1/posture";
const Reading = "reads only";
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }));
const After = Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: "`next` of the page before." }));
const Next = Type.Union([Type.String(), Type.Null()]);
const DEFAULT_PAGE = 100;

export function recordRoutes(deps: PostureRouteDeps): readonly Route<Tx>[] {
  return [...resultRoutes(deps), ...exceptionRoutes(deps), ...serialRoutes(deps), ...riskRoutes(deps)];
}

function resultRoutes({ store }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/results`,
      summary: "Changes of verdicts, newest first",
      permission: "posture.read",
      audit: unaudited(Reading),
      query: Type.Object({ ...PostureResultsFilter, after: After, limit: Limit }),
      answer: Type.Object({ items: Type.Array(PostureResultView), next: Next }),
      async handle({ query: { after, limit, ...filter } }, { scope }: RouteContext<Tx>) {
        const { items, next } = await listResults(store.read, scope, filterOf(filter), { limit: limit ?? DEFAULT_PAGE, ...(after === undefined ? {} : { before: placeOf(after) }) });
        return { items: items.map(resultView), next: next === null ? null : String(next) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/results/export`,
      summary: "Changes of verdicts, oldest first, as NDJSON or CSV",
      permission: "posture.read",
      audit: unaudited(Reading),
      query: Type.Object({ ...PostureResultsFilter, format: Type.Optional(Type.Enum(["ndjson", "csv"])) }),
      answer: "stream",
      async handle({ query: { format, ...filter } }, { scope, signal }: RouteContext<Tx>) {
        const results = exportResults(store, scope, filterOf(filter), signal);
        if (format === "csv") return { contentType: "text/csv; charset=utf-8", fileName: "posture-results.csv", chunks: csvOf(results) };
        return { contentType: "application/x-ndjson", fileName: "posture-results.ndjson", chunks: linesOf(results) };
      },
    }),
  ];
}

const COLUMNS = Object.keys(PostureResultView.properties) as readonly (keyof PostureResult)[];

async function* linesOf(results: AsyncIterable<PostureResult>): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}

async function* csvOf(results: AsyncIterable<PostureResult>): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const result of results) yield csvRow(COLUMNS.map((column) => result[column]));
}

function filterOf({ since, until, ...rest }: { readonly [Key in keyof typeof PostureResultsFilter]?: string | undefined }): ResultFilter {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...given, ...(since === undefined ? {} : { since: momentAt("query/since", since) }), ...(until === undefined ? {} : { until: momentAt("query/until", until) }) };
}

function placeOf(after: string): number {
  if (!/^\d{1,15}$/.test(after)) throw wrongPlace();
  return Number(after);
}

function resultView(result: PostureResult) {
  return { ...result, postureExpected: [...result.postureExpected], postureReceived: [...result.postureReceived] };
}

function exceptionRoutes({ store, clock }: PostureRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/exceptions`,
      summary: "Exceptions, newest first",
      permission: "posture.read",
      audit: unaudited(Reading),
      query: Type.Object({ ended: Type.Optional(Type.Boolean({ description: "Those that have ended too." })), after: After, limit: Limit }),
      answer: Type.Object({ items: Type.Array(PostureExceptionView), next: Next }),
      async handle({ query: { ended, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const items = await listExceptions(store.read, scope, { limit, ended: ended ?? false, ...(after === undefined ? {} : { after }) });
        return { items: items.map(exceptionView), next: items.length < limit ? null : (items.at(-1)?.id ?? null) };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/exceptions`,
      summary: "Let a device off a rule, or all of them, until a stated end",
      permission: "posture.write",
      audit: audited("posture-exception.added"),
      body: PostureExceptionDraft,
      answer: PostureExceptionView,
      handle: ({ body }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const draft = { connection: body.connection as ConnectionId, agentId: body.agentId, rule: body.rule ?? null, owner: body.owner, reason: body.reason, endsAt: momentAt("body/endsAt", body.endsAt) };
          const exception = await addException(tx, scope, draft, actor.id, clock.now());
          await record(tx, { subject: exception.id, tenant: exception.tenant, details: { device: exception.agentId, rule: exception.ruleId, owner: exception.owner, endsAt: isoTime(exception.endsAt) } });
          return exceptionView(exception);
        }),
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/exceptions/:id/end`,
      summary: "End an exception before its time",
      permission: "posture.write",
      audit: audited("posture-exception.ended"),
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
      answer: PostureExceptionView,
      handle: ({ params }, { scope, actor, record }: RouteContext<Tx>) =>
        store.tx(async (tx) => {
          const exception = await endException(tx, scope, params.id, actor.id, clock.now());
          await record(tx, { subject: exception.id, tenant: exception.tenant, details: { device: exception.agentId, rule: exception.ruleId } });
          return exceptionView(exception);
        }),
    }),
  ];
}

function exceptionView({ ruleId, createdAt, endsAt, endedAt, ...rest }: Exception) {
  return { ...rest, rule: ruleId, createdAt: isoTime(createdAt), endsAt: isoTime(endsAt), endedAt: endedAt === null ? null : isoTime(endedAt) };
}

function riskRoutes({ store, clock, queueFact, findTenant }: PostureRouteDeps): readonly Route<Tx>[] {
  const ByUser = Type.Object({ id: Type.String({ minLength: 1, maxLength: 400, description: "E-mail address, or the name the device gives." }) });
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/users`,
      summary: "Users by risk of their devices and alerts",
      permission: "posture.read",
      audit: unaudited(Reading),
      query: Type.Object({ level: Type.Optional(RiskLevel), after: After, limit: Limit }),
      answer: Type.Object({ items: Type.Array(UserRiskView), next: Next }),
      async handle({ query: { level, after, limit = DEFAULT_PAGE } }, { scope }: RouteContext<Tx>) {
        const items = await listUserRisk(store, scope, { limit, ...(level === undefined ? {} : { atLeast: level }), ...(after === undefined ? {} : { after: userPlace(after) }) });
        const last = items.at(-1);
        return { items: items.map(riskView), next: last === undefined || items.length < limit ? null : `${last.tenant}/${last.user}` };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/users/:id`,
      summary: "Risk of one user, with its reasons, in each tenant that knows him",
      permission: "posture.read",
      audit: unaudited(Reading),
      params: ByUser,
      answer: Type.Object({ items: Type.Array(UserRiskView), next: Type.Null() }),
      async handle({ params }, { scope }: RouteContext<Tx>) {
        const items = await findUserRisk(store.read, scope, params.id);
        if (items.length === 0) throw NO_USER();
        return { items: items.map(riskView), next: null };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/users/:id/reset`,
      summary: "Let go of every reason there is now; what is raised afterwards counts",
      permission: "posture.write",
      audit: audited("user-risk.reset"),
      params: ByUser,
      body: Type.Object({ reason: Type.String({ minLength: 1, maxLength: 1000 }), tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) }),
      answer: UserRiskView,
      async handle({ params, body }, { scope, actor, record }: RouteContext<Tx>) {
        return store.tx(async (tx) => {
          const within: TenantScope = body.tenant === undefined ? scope : { all: false, tenants: [await findTenant(tx.db, scope, body.tenant)] };
          const [found, second] = (await findUserRisk(tx.db, within, params.id)).filter(({ tenant }) => scopeAllows(scope, tenant));
          if (found === undefined) throw NO_USER();
          if (second !== undefined) throw new Fault("CONFIG_INVALID", "Several tenants know that user.", { cure: "Name the tenant." });
          const risk = await resetUserRisk(tx, queueFact, scope, found.tenant, params.id, actor.id, body.reason, clock.now());
          await record(tx, { subject: risk.user, tenant: risk.tenant, details: { was: found.level, level: risk.level } });
          return riskView(risk);
        });
      },
    }),
  ];
}

function NO_USER(): Fault {
  return new Fault("NOT_FOUND", "Nothing is known of the risk of such a user.", { cure: "`vedette posture risk list` shows whose is." });
}

function userPlace(after: string): NonNullable<NonNullable<Parameters<typeof listUserRisk>[2]>["after"]> {
  const cut = after.indexOf("/");
  if (cut < 1) throw wrongPlace();
  return { tenant: after.slice(0, cut) as UserRisk["tenant"], user: after.slice(cut + 1) };
}

function riskView(risk: UserRisk) {
  return { ...risk, reasons: risk.reasons.map((reason) => ({ ...reason })) };
}
