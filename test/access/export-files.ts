/** An export written where the test runs, and what a reader gets back from its text. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportOptions, GraphSource } from "../../src/access/export/source.ts";
import { Spool } from "../../src/access/export/spool.ts";
import { writeExport } from "../../src/access/export/write.ts";
import { readCsv } from "../../src/kernel/csv.ts";
import { coverage } from "./graphs.ts";

export async function exported(source: GraphSource, options: Partial<ExportOptions> & Pick<ExportOptions, "format">): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-export-"));
  try {
    const spool = new Spool(join(folder, "spool.db"));
    try {
      for await (const one of source.bindings()) spool.add({ kind: "bindings", rows: [one] });
      for await (const one of source.principals()) spool.add({ kind: "principals", rows: [one] });
      for await (const one of source.roles()) spool.add({ kind: "roles", rows: [one] });
      for await (const one of source.scopes()) spool.add({ kind: "scopes", rows: [one] });
      spool.complete();
      return readFileSync(await writeExport(spool, folder, { coverage: coverage(), ...options }));
    } finally {
      spool.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface JsonGraph {
  readonly principals: readonly { readonly id: string; readonly kind: string; readonly unread: number }[];
  readonly roles: readonly { readonly id: string }[];
  readonly scopes: readonly { readonly id: string; readonly kind: string; readonly parent: string | null; readonly parentKind: string | null }[];
  readonly bindings: readonly { readonly principal: string; readonly principalKind: string; readonly role: string; readonly scope: string; readonly scopeKind: string }[];
}

export function fromJson(text: string): { readonly assignments: readonly string[]; readonly parents: readonly string[]; readonly graph: JsonGraph } {
  const graph = JSON.parse(text) as JsonGraph;
  return {
    graph,
    assignments: graph.bindings.map((one) => JSON.stringify([one.principalKind, one.principal, one.role, one.scopeKind, one.scope])).toSorted(),
    parents: graph.scopes.map((one) => JSON.stringify([one.kind, one.id, one.parentKind, one.parent])).toSorted(),
  };
}

export function fromCsv(text: string): { readonly assignments: readonly string[]; readonly parents: readonly string[]; readonly rows: readonly Readonly<Record<string, string>>[] } {
  const [head = [], ...body] = [...readCsv(text)];
  const rows = body.map((cells) => Object.fromEntries(head.map((column, at) => [column, cells[at] ?? ""])));
  const or = (value: string | undefined): string | null => (value === undefined || value === "" ? null : value);
  return {
    rows,
    assignments: rows.filter(({ record }) => record === "binding").map((row) => JSON.stringify([row["principal_kind"], row["principal_id"], row["role_id"], row["scope_kind"], row["scope_id"]])).toSorted(),
    parents: [...new Set(rows.flatMap((row) => (or(row["scope_id"]) === null ? [] : [JSON.stringify([row["scope_kind"], row["scope_id"], or(row["scope_parent_kind"]), or(row["scope_parent_id"])])])))].toSorted(),
  };
}
