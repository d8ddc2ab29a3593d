/** The HTTP route of the diagnosis: which fields are empty for want of a permission or a licence, and which really are. Looks at a bounded number of rows. */
import Type from "typebox";
import { sql } from "kysely";
import { defineRoute, unaudited, type Route, type RouteContext } from "../../kernel/route.ts";
import { viewName, type StreamId } from "../../kernel/stream-ids.ts";
import { DiagnosisView } from "../../kernel/vulnerability-ingest-api.ts";
import type { Store, Tx } from "../../store/store.ts";
import { jsonOf } from "../cells.ts";
import { BASE, Reading } from "../finding-routes.ts";
import { loadedOf } from "../intelligence.ts";
import type { VulnerabilityRouteDeps } from "../routes.ts";
import { oneConnection } from "./connector-routes.ts";
import { fieldsElsewhere, FIELDS, fieldViews, saysSomething, scansView, streamView, type FieldFacts, type Looked, type ScanFacts } from "./diagnosis.ts";
import { WANTED } from "./permissions.ts";

/** Rows looked at, of each end of the listing. */
const LOOKED_AT = 1000;
const OF_STREAM = { findings: "risks", devices: "agents", software: "applications" } as const;

export function diagnosisRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store } = deps;
  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/diagnosis`,
      summary: "Which fields of findings and devices are empty because a permission or a licence is missing, which because nothing was scanned or read, and which really are",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: Type.Object({ connection: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: "Name or id; may be left out where there is one only." })) }),
      answer: DiagnosisView,
      async handle({ query }, { scope }: RouteContext<Tx>) {
        const connection = await oneConnection(deps, scope, query.connection);
        const reading = await deps.reading(connection.id);
        const streams = new Map<StreamId, ReturnType<typeof streamView>>();
        for (const { stream } of WANTED) {
          const facts = reading(stream);
          streams.set(stream, streamView(stream, { ...facts, rows: await countRows(store, stream, connection.id) }));
        }
        const looked = { findings: await lookAt(store, "findings", connection.id), devices: await lookAt(store, "devices", connection.id), software: await lookAt(store, "software", connection.id) };
        const scans = await scanFacts(store, connection.id);
        const epss = await loadedOf(store.read, "epss");
        return {
          connection: connection.id, connectionName: connection.name, streams: [...streams.values()], fields: [...fieldViews({ streams, looked, scans }), ...fieldsElsewhere(epss?.entries ?? 0)].map((field) => ({ ...field })),
          scans: scansView(scans, streams.get("risks")),
        };
      },
    }),
  ];
}

async function countRows({ read }: Pick<Store, "read">, stream: StreamId, connection: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(viewName(stream))} WHERE connection_id = ${connection}`.execute(read);
  return Number(rows[0]?.n ?? 0);
}

/** The oldest and the newest ids: licences differ by account, and accounts come one after the other. */
async function lookAt({ read }: Pick<Store, "read">, of: keyof typeof OF_STREAM, connection: string): Promise<Looked> {
  const view = sql.table(viewName(OF_STREAM[of]));
  const half = (order: "ASC" | "DESC") => sql<{ id: string; raw: string }>`SELECT id, raw FROM ${view} WHERE connection_id = ${connection} ORDER BY id ${sql.raw(order)} LIMIT ${LOOKED_AT}`.execute(read);
  const rows = new Map([...(await half("ASC")).rows, ...(await half("DESC")).rows].map((row) => [row.id, row.raw]));
  const wanted = FIELDS.filter((field) => field.of === of);
  const fields = new Map<string, FieldFacts>(wanted.map(({ source }) => [source, { filled: 0, mute: 0 }]));
  const accounts = new Map<string, boolean>();
  for (const raw of rows.values()) {
    const record = (jsonOf(raw) ?? {}) as Readonly<Record<string, unknown>>;
    let hasLicensed = false;
    for (const { source, licence } of wanted) {
      const said = saysSomething(record[source]);
      const facts = fields.get(source) ?? { filled: 0, mute: 0 };
      if (said !== null) fields.set(source, said ? { ...facts, filled: facts.filled + 1 } : { ...facts, mute: facts.mute + 1 });
      hasLicensed ||= said !== null && licence !== null;
    }
    const account = record["accountName"];
    if (typeof account === "string") accounts.set(account, accounts.get(account) === true || hasLicensed);
  }
  const without = [...accounts].filter(([, has]) => !has).map(([account]) => account);
  return { rows: rows.size, fields, accountsWithout: without.length < accounts.size ? without.toSorted() : [] };
}

async function scanFacts({ read }: Pick<Store, "read">, connection: string): Promise<ScanFacts> {
  // A scan that found nothing leaves no finding: the device itself says that it is up to date.
  const { rows } = await sql<Record<"devices" | "never" | "old" | "failed", number | null>>`
    SELECT count(*) AS devices,
      sum(CASE WHEN a.scanned_at IS NULL AND coalesce(m.apps_vulnerability_status, '') NOT IN ('up_to_date', 'patch_required') THEN 1 ELSE 0 END) AS never,
      sum(CASE WHEN a.scanned_at IS NOT NULL AND a.stale = 'not-scanned' THEN 1 ELSE 0 END) AS old,
      sum(CASE WHEN EXISTS (SELECT 1 FROM vuln_instances AS i WHERE i.connection_id = a.connection_id AND i.agent_id = a.id AND i.present = 1 AND i.facts LIKE '%"lastScanResult":"Fail%') THEN 1 ELSE 0 END) AS failed
    FROM vuln_agents AS a LEFT JOIN ${sql.table(viewName("agents"))} AS m ON m.connection_id = a.connection_id AND m.id = a.id
    WHERE a.connection_id = ${connection} AND a.active = 1 AND a.scope NOT IN ('none', 'assets')`.execute(read);
  const [one] = rows;
  const number = (value: number | null | undefined): number => Number(value ?? 0);
  const [devices, never, old, failed] = [number(one?.devices), number(one?.never), number(one?.old), number(one?.failed)];
  return { devices, never, old, failed, scanned: Math.max(0, devices - never - old) };
}
