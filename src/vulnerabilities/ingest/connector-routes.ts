/** HTTP routes of connectors: what is ingested of a connection, and whether its token may read what they want. */
import Type from "typebox";
import { Fault } from "../../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../../kernel/ids.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../../kernel/route.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { Ok } from "../../kernel/api.ts";
import { ConnectorDraft, ConnectorEdit, ConnectorList, ConnectorSaved, ConnectorVerified, ConnectorView } from "../../kernel/vulnerability-ingest-api.ts";
import { withinScope } from "../../store/conditions.ts";
import type { Tx } from "../../store/store.ts";
import { BASE, ById, Paged, Reading, within } from "../finding-routes.ts";
import type { VulnerabilityRouteDeps } from "../routes.ts";
import { permissionsOf, troublesOf, usableModes } from "./permissions.ts";
import { previewOf, settingsOf } from "./rule-drafts.ts";
import { rulesOf, type Rule } from "./rules.ts";
import { addConnector, checkedDescription, checkedName, connectorByReference, editConnector, removeConnector } from "./settings.ts";
import { ingestTables, type ConnectorRow } from "./tables.ts";
import { ruleViews, timeOf } from "./views.ts";

const PAGE = 200;
const DEFAULT_NAME = "All Endpoints (default)";

export interface NamedConnection {
  readonly id: ConnectionId;
  readonly name: string;
  readonly tenant: TenantId;
}

/** The connection named; else the only one there is to mean. */
export async function oneConnection(deps: Pick<VulnerabilityRouteDeps, "connections" | "findConnection">, scope: TenantScope, reference: string | undefined): Promise<NamedConnection> {
  const all = await deps.connections(scope);
  const id = reference === undefined ? null : await deps.findConnection(scope, reference);
  const [first, second] = id === null ? all : all.filter((connection) => connection.id === id);
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) throw new Fault("NOT_FOUND", "There is no connection.", { cure: "`vedette connect URL` makes one." });
  throw new Fault("CONFIG_INVALID", "There are several connections.", { cure: `Name one (--connection): ${all.slice(0, 8).map(({ name }) => name).join(", ")}.` });
}

export function connectorRoutes(deps: VulnerabilityRouteDeps): readonly Route<Tx>[] {
  const { store, clock } = deps;

  async function viewOf(scope: TenantScope, row: ConnectorRow): Promise<ConnectorView> {
    return (await viewsOf(scope, [row]))[0] ?? notFound();
  }

  async function viewsOf(scope: TenantScope, rows: readonly ConnectorRow[]): Promise<readonly ConnectorView[]> {
    const names = new Map<string, string>((await deps.connections(scope)).map(({ id, name }) => [id, name]));
    const rules: Rule[] = [];
    for (const connection of new Set(rows.map((row) => row.connection_id))) rules.push(...(await rulesOf(store.read, connection)));
    const views = await ruleViews(store, rules);
    return rows.map((row) => ({
      id: row.id, name: row.name, description: row.description, connection: row.connection_id, connectionName: names.get(row.connection_id) ?? row.connection_id, tenant: row.tenant_id, mode: row.mode as ConnectorView["mode"],
      rules: views.filter((rule) => rule.connector === row.id), createdAt: timeOf(row.created_at), createdBy: row.created_by,
    }));
  }

  /** What holds for connections without a connector. */
  async function defaults(scope: TenantScope, only: string | undefined): Promise<readonly ConnectorView[]> {
    const taken = new Set((await ingestTables(store.read).selectFrom("vuln_connectors").select("connection_id").distinct().execute()).map((row) => row.connection_id));
    return (await deps.connections(scope))
      .filter(({ id }) => !taken.has(id) && (only === undefined || id === only))
      .map(({ id, name, tenant }) => ({ id: null, name: DEFAULT_NAME, description: "Everything, as it is read, until a connector is added.", connection: id, connectionName: name, tenant, mode: "scan", rules: [], createdAt: null, createdBy: null }));
  }

  return [
    defineRoute({
      method: "GET",
      path: `${BASE}/connectors`,
      summary: "What is ingested of each connection, by which rules; a connection without a connector is ingested whole and continuously",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      query: Type.Object({ tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 400 })), connection: Type.Optional(Type.String({ minLength: 1, maxLength: 400 })), ...Paged.properties }),
      answer: ConnectorList,
      async handle({ query: { tenant, connection, after, limit = PAGE } }, { scope: given }: RouteContext<Tx>) {
        const scope = await within(deps, given, tenant);
        const only = connection === undefined ? undefined : await deps.findConnection(scope, connection);
        let asked = ingestTables(store.read).selectFrom("vuln_connectors").selectAll().where(withinScope(scope)).where("id", ">", after ?? "").orderBy("id").limit(limit + 1);
        if (only !== undefined) asked = asked.where("connection_id", "=", only);
        const rows = await asked.execute();
        const shown = rows.slice(0, limit);
        const more = rows.length > limit;
        return { items: [...(await viewsOf(scope, shown)), ...(more ? [] : await defaults(scope, only))], next: more ? (shown.at(-1)?.id ?? null) : null };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/connectors`,
      summary: "Add a connector with its first rule; the first of a connection takes over from what holds without one",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-connector.added"),
      body: ConnectorDraft,
      answer: ConnectorSaved,
      async handle({ body }, { scope, actor, record }: RouteContext<Tx>) {
        const connection = await oneConnection(deps, scope, body.connection);
        const name = checkedName(body.name, "connector");
        const mode = body.mode ?? "scan";
        const rule = await settingsOf(store.read, connection.id, body.rule ?? {}, null, clock.now());
        const preview = await previewOf(store, connection.id, { ...rule, mode: rule.mode ?? mode }, null, clock.now());
        const added = await store.tx(async (tx) => {
          const { connector } = await addConnector(tx, { tenant: connection.tenant, connection: connection.id, name, description: checkedDescription(body.description ?? ""), mode, rule }, { by: actor.name, now: clock.now() });
          await record(tx, { subject: connector.id, tenant: connection.tenant, details: { name, connection: connection.id, mode, rule: rule.name, covers: preview.covers, schedule: rule.cron } });
          return connector;
        });
        deps.wake();
        return { connector: await viewOf(scope, added), preview };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${BASE}/connectors/:id`,
      summary: "One connector with its rules",
      permission: "vulnerabilities.read",
      audit: unaudited(Reading),
      params: ById,
      answer: ConnectorView,
      handle: async ({ params }, { scope }: RouteContext<Tx>) => viewOf(scope, await connectorByReference(store.read, scope, params.id)),
    }),
    defineRoute({
      method: "PATCH",
      path: `${BASE}/connectors/:id`,
      summary: "Change a connector's name, description or mode; rules with a mode of their own keep it",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-connector.changed"),
      params: ById,
      body: ConnectorEdit,
      answer: ConnectorView,
      async handle({ params, body }, { scope, actor, record }: RouteContext<Tx>) {
        const changed = await store.tx(async (tx) => {
          const connector = await connectorByReference(tx.db, scope, params.id);
          const edit = { ...body, ...(body.name === undefined ? {} : { name: checkedName(body.name, "connector") }), ...(body.description === undefined ? {} : { description: checkedDescription(body.description) }) };
          const after = await editConnector(tx, connector, edit, { by: actor.name, now: clock.now() });
          await record(tx, { subject: connector.id, tenant: connector.tenant_id, details: { fields: Object.keys(body).toSorted().join(", "), mode: after.mode } });
          return after;
        });
        deps.wake();
        return viewOf(scope, changed);
      },
    }),
    defineRoute({
      method: "DELETE",
      path: `${BASE}/connectors/:id`,
      summary: "Remove a connector with its rules; the last of a connection gone, everything is ingested again, continuously",
      permission: "vulnerabilities.write",
      audit: audited("vulnerability-connector.removed"),
      params: ById,
      answer: Ok,
      async handle({ params }, { scope, actor, record }: RouteContext<Tx>) {
        await store.tx(async (tx) => {
          const connector = await connectorByReference(tx.db, scope, params.id);
          await removeConnector(tx, connector, { by: actor.name, now: clock.now() });
          await record(tx, { subject: connector.id, tenant: connector.tenant_id, details: { name: connector.name } });
        });
        deps.wake();
        return { ok: true as const };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${BASE}/connectors/:id/verify`,
      summary: "Verify the connection's token, permission by permission, against what the connector's rules want",
      permission: "connections.write",
      audit: audited("vulnerability-connector.verified"),
      params: ById,
      body: Type.Object({}),
      answer: ConnectorVerified,
      async handle({ params }, { scope, signal, record }: RouteContext<Tx>) {
        const connector = await connectorByReference(store.read, scope, params.id);
        const verify = await deps.verify(scope, connector.connection_id, signal, record);
        const permissions = permissionsOf(verify);
        const rules = (await rulesOf(store.read, connector.connection_id)).filter((rule) => rule.connector === connector.id);
        return { connector: connector.id, connection: connector.connection_id, permissions: permissions.map((one) => ({ ...one })), modes: usableModes(permissions), troubles: [...troublesOf(rules, permissions)], verify };
      },
    }),
  ];
}

function notFound(): never {
  throw new Fault("NOT_FOUND", "There is no such connector.");
}
