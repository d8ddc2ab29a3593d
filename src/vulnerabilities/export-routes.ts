/** The HTTP route that gives assets and vulnerabilities out as a file, streamed as it is read. One that breaks off is cut: none of the formats is whole without its end, but CSV, and whoever receives it sees the connection fail. */
import Type from "typebox";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import { VULNERABILITY_EXPORT_FORMATS, type VulnerabilityExportFormat } from "../kernel/vulnerability-priority-api.ts";
import type { Tx } from "../store/store.ts";
import { fixes, fixFirst } from "./answers.ts";
import { plainCsv } from "./export/csv.ts";
import { flexConnectCsv, flexConnectJson } from "./export/flexconnect.ts";
import { ndjson } from "./export/ndjson.ts";
import { htmlReport } from "./export/report.ts";
import type { ExportOptions } from "./export/source.ts";
import { vex } from "./export/vex.ts";
import { loadedOf } from "./intelligence.ts";
import { narrowed } from "./priority-routes.ts";
import type { VulnerabilityRouteDeps } from "./routes.ts";
import { storedSource } from "./stored-source.ts";
import { summarize } from "./summary.ts";

const FILES: Readonly<Record<VulnerabilityExportFormat, { readonly contentType: string; readonly ending: string }>> = {
  "flexconnect-json": { contentType: "application/json; charset=utf-8", ending: "flexconnect.json" },
  "flexconnect-csv": { contentType: "text/csv; charset=utf-8", ending: "flexconnect.csv" },
  csv: { contentType: "text/csv; charset=utf-8", ending: "csv" },
  vex: { contentType: "application/vnd.cyclonedx+json; version=1.6", ending: "vex.cdx.json" },
  html: { contentType: "text/html; charset=utf-8", ending: "html" },
  ndjson: { contentType: "application/x-ndjson; charset=utf-8", ending: "ndjson" },
};
const REPORT_ROWS = 25;
const Name = Type.String({ minLength: 1, maxLength: 400 });

export function exportRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock, version } = deps;
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/vulnerabilities/export",
      summary: "Assets and vulnerabilities as a file: FlexConnect (JSON, CSV), CSV, CycloneDX VEX, a report to print (HTML), or everything (NDJSON)",
      permission: "vulnerabilities.read",
      audit: unaudited("reads only"),
      query: Type.Object({
        format: Type.Enum([...VULNERABILITY_EXPORT_FORMATS]),
        tenant: Type.Optional(Name),
        connection: Type.Optional(Name),
        setAside: Type.Optional(Type.Boolean({ description: "Of FlexConnect: also what was accepted, granted or called false and is still there." })),
      }),
      answer: "stream",
      async handle({ query: { format, tenant, connection, setAside = false } }, { scope }: RouteContext<Tx>) {
        const seen = await narrowed(deps, scope, tenant);
        const named = connection === undefined ? undefined : await deps.findConnection(scope, connection);
        const options: ExportOptions = { now: clock.now(), setAside, kev: await loadedOf(store.read, "kev"), epss: await loadedOf(store.read, "epss"), version };
        const { contentType, ending } = FILES[format];
        return { contentType, fileName: `vedette-vulnerabilities.${ending}`, chunks: chunksOf(deps, format, seen, named, options) };
      },
    }),
  ];
}

function chunksOf({ store }: VulnerabilityRouteDeps, format: VulnerabilityExportFormat, scope: TenantScope, connection: string | undefined, options: ExportOptions): AsyncIterable<string> {
  const source = storedSource(store, scope, { connection });
  const writers: Readonly<Record<VulnerabilityExportFormat, () => AsyncIterable<string>>> = {
    "flexconnect-json": () => flexConnectJson(source, options),
    "flexconnect-csv": () => flexConnectCsv(source, options),
    csv: () => plainCsv(source),
    vex: () => vex(source, options),
    html: () => report({ store, scope, options }),
    ndjson: () => ndjson(source, options),
  };
  return writers[format]();
}

async function* report({ store, scope, options: { now, kev, epss } }: { readonly store: VulnerabilityRouteDeps["store"]; readonly scope: TenantScope; readonly options: ExportOptions }): AsyncGenerator<string> {
  yield htmlReport({ title: "Vulnerabilities", now, kev, epss, summary: await summarize(store, scope, now), first: await fixFirst(store, scope, REPORT_ROWS, now), fixes: await fixes(store, scope, REPORT_ROWS, now) });
}
