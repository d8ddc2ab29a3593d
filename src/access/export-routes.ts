/** The HTTP route that gives the graph out as a file: CSV, JSON, a DOT picture, or a `.c1z`. A fault comes instead of the first byte, never in the middle of a file that looks whole. */
import Type from "typebox";
import { ACCESS_EXPORT_FORMATS, type AccessExportFormat } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Database, Tx } from "../store/store.ts";
import { hasHiddenPrincipals } from "./coverage.ts";
import { exportBytes } from "./export/run.ts";
import type { GraphSource } from "./export/source.ts";
import { bindingsOf, connectionsOf, principalsOf, rolesOf, scopesOf } from "./graph.ts";
import { coverageOf } from "./list-routes.ts";
import { findScope } from "./lookup.ts";
import type { AccessRouteDeps } from "./routes.ts";

const CONTENT_TYPES: Readonly<Record<AccessExportFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  json: "application/json; charset=utf-8",
  dot: "text/vnd.graphviz; charset=utf-8",
  c1z: "application/octet-stream",
};

const Name = Type.String({ minLength: 1, maxLength: 400 });

export function exportRoutes(deps: AccessRouteDeps): readonly Route<Tx>[] {
  const { store } = deps;
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/access/export",
      summary: "The access graph as a file: CSV, JSON, DOT or .c1z",
      permission: "access.read",
      audit: unaudited("reads only"),
      query: Type.Object({
        format: Type.Enum([...ACCESS_EXPORT_FORMATS]),
        connection: Type.Optional(Name),
        scope: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: "Of a picture (dot): this scope and what is below it, like `site:NAME`." })),
      }),
      answer: "stream",
      async handle({ query: { format, connection, scope: below } }, { scope, signal }: RouteContext<Tx>) {
        if (below !== undefined && format !== "dot") throw new Fault("CONFIG_INVALID", "query/scope chooses a part of a picture; the other formats hold the whole graph.", { cure: "Leave scope out, or ask for format=dot." });
        const named = connection === undefined ? undefined : await deps.findConnection(scope, connection);
        const top = below === undefined ? undefined : await findScope(store, scope, below, named);
        const connections = named === undefined ? await connectionsOf(store.read, scope) : [named];
        if (format === "c1z" && connections.length > 1) throw await severalConnections(deps, scope);
        const only = top === undefined ? connections : [top.connection as ConnectionId];
        const coverage = (await coverageOf(deps, scope, named)).filter((one) => only.some((id) => id === one.connection));
        let peopleHidden = false;
        for (const id of only) peopleHidden ||= await hasHiddenPrincipals(store.read, scope, id);
        const options = { format, coverage, peopleHidden, ...(top === undefined ? {} : { below: { connection: top.connection, kind: top.kind, id: top.id } }) };
        return { contentType: CONTENT_TYPES[format], fileName: `vedette-access.${format}`, chunks: exportBytes(storedGraph(store.read, scope, only), deps.exportFolder, options, signal) };
      },
    }),
  ];
}

async function severalConnections(deps: AccessRouteDeps, scope: TenantScope): Promise<Fault> {
  const names = (await coverageOf(deps, scope, undefined)).map(({ name, connection }) => name ?? connection);
  return new Fault("CONFIG_INVALID", "A .c1z holds one connection, and there are several.", { cure: `Name one with connection (--connection): ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}.` });
}

function storedGraph(db: Database, scope: TenantScope, connections: readonly ConnectionId[]): GraphSource {
  async function* each<T>(read: (connection: ConnectionId) => AsyncIterable<T>): AsyncGenerator<T> {
    for (const connection of connections) yield* read(connection);
  }
  return {
    principals: () => each((connection) => principalsOf(db, scope, connection)),
    scopes: () => each((connection) => scopesOf(db, scope, connection)),
    roles: () => each((connection) => rolesOf(db, scope, connection)),
    bindings: () => each((connection) => bindingsOf(db, scope, connection)),
  };
}
