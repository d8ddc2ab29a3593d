/** Monthly reports: what became of a tenant's cases, how its agents are, and how exposed it is. Made of what cases and vulnerabilities keep; nothing of its own is stored. */
import { casesInSpan } from "../cases/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { TenantId } from "../kernel/ids.ts";
import { MonthlyQuery } from "../kernel/report-api.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Store, Tx } from "../store/store.ts";
import { exposureInSpan } from "../vulnerabilities/index.ts";
import { monthOf } from "./month.ts";
import { csvOf, htmlOf, type Report } from "./report.ts";

export interface ReportRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The tenant named, or the one there is no doubt about; NOT_FOUND outside the scope. */
  readonly tenantOf: (db: Database, scope: TenantScope, reference: string | undefined) => Promise<{ readonly id: TenantId; readonly name: string }>;
}

export function reportRoutes({ store, clock, tenantOf }: ReportRouteDeps): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/reports/monthly",
      summary: "A month of one tenant: cases, times, agents and open exposure, as HTML to print or as CSV",
      permission: "cases.read",
      audit: unaudited("reads figures only"),
      query: MonthlyQuery,
      answer: "stream",
      async handle({ query: { tenant, month: name, timeZone = "UTC", format = "html" } }, { scope }: RouteContext<Tx>) {
        const of = await tenantOf(store.read, scope, tenant);
        const month = monthOf(name, timeZone, clock.now());
        const until = Math.min(month.to, clock.now());
        const report: Report = { tenant: of.name, month, until, cases: await casesInSpan(store, of.id, month.from, until), exposure: await exposureInSpan(store, of.id, month.from, until) };
        const fileName = `vedette-${name}.${format}`;
        return format === "csv" ? { contentType: "text/csv; charset=utf-8", fileName, chunks: one(csvOf(report)) } : { contentType: "text/html; charset=utf-8", fileName, chunks: one(htmlOf(report)) };
      },
    }),
  ];
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}
