/** Every assignment and every parent comes back out of each export, whatever the graph looks like. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotationOf, assignmentsOf, danglingOf, effectiveOf, parentsOf, readC1z } from "./c1z-decoder.ts";
import { exported, fromCsv, fromJson } from "./export-files.ts";
import { rounds } from "../support/rounds.ts";
import { assignments, effective, graphs, parents, sourceOf } from "./graphs.ts";

const ENOUGH = { ...rounds(20), seed: 20_261_120 } as const;

/** A graph of nothing at all names no console, and a .c1z is of one. */
function someGraph(...ids: Parameters<typeof graphs>): ReturnType<typeof graphs> {
  return graphs(...ids).filter(({ principals, scopes, roles, bindings }) => principals.length + scopes.length + roles.length + bindings.length > 0);
}

/** Ids of the console are digits; a binding without one is named after its role. */
const odd = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom("a:b", "%3A", "a:site:1", "1:site:2", ":", "x".repeat(190)));

/** Who it is, and how much of what it holds could not be read. */
const told = ({ kind, id, unread }: { readonly kind: string; readonly id: string; readonly unread: number }) => `${kind} ${id} ${String(unread)}`;

describe("of any graph, nothing is lost", () => {
  it("in JSON: every assignment, every parent, every role and principal, and no reference leads nowhere", async () => {
    await fc.assert(
      fc.asyncProperty(graphs(odd), async (graph) => {
        const back = fromJson((await exported(sourceOf(graph), { format: "json" })).toString());
        expect(back.assignments).toEqual(assignments(graph));
        expect(back.parents).toEqual(expect.arrayContaining([...parents(graph)]));
        expect(back.graph.principals.map(told).toSorted()).toEqual(graph.principals.map(told).toSorted());
        const [roles, scopes] = [new Set(back.graph.roles.map(({ id }) => id)), new Set(back.graph.scopes.map(({ kind, id }) => `${kind} ${id}`))];
        expect(back.graph.bindings.filter(({ role, scope, scopeKind }) => !roles.has(role) || !scopes.has(`${scopeKind} ${scope}`))).toEqual([]);
        expect(back.graph.scopes.filter(({ parent, parentKind }) => parent !== null && !scopes.has(`${String(parentKind)} ${parent}`))).toEqual([]);
      }),
      ENOUGH,
    );
  });

  it("in CSV: every assignment and every parent, with a row for whatever no assignment names, and no cell that a spreadsheet would run", async () => {
    await fc.assert(
      fc.asyncProperty(graphs(), async (graph) => {
        const back = fromCsv((await exported(sourceOf(graph), { format: "csv" })).toString());
        const plain = ({ bindings, ...rest }: typeof graph) => ({ ...rest, bindings: bindings.map((one) => ({ ...one, role: defused(one.role) })) });
        expect(back.assignments).toEqual(assignments(plain(graph)));
        expect(back.parents).toEqual(expect.arrayContaining([...parents(graph)]));
        expect([...new Set(back.rows.flatMap((row) => (row["principal_id"] === "" ? [] : [told({ kind: row["principal_kind"] ?? "", id: row["principal_id"] ?? "", unread: Number(row["principal_unread"]) })])))].toSorted()).toEqual(graph.principals.map(told).toSorted());
        expect(back.rows.flatMap((row) => Object.values(row)).filter((cell) => /^[=+@]/.test(cell))).toEqual([]);
      }),
      ENOUGH,
    );
  });

  it("in .c1z: every assignment, every parent, who holds what below, and no reference leads nowhere", async () => {
    await fc.assert(
      fc.asyncProperty(someGraph(), async (graph) => {
        const file = readC1z(await exported(sourceOf(graph), { format: "c1z" }));
        expect(file.disagreements).toEqual([]);
        expect(danglingOf(file)).toEqual([]);
        // Long names of roles without an id are named by a hash: the id as it was is in the role's profile.
        const ids = new Map(file.resources.filter(({ id }) => id.resourceType === "role").map((one) => [one.id.resource, (annotationOf(one, "RoleTrait") as { readonly profile: { readonly role_id: string } }).profile.role_id]));
        const named = (rows: readonly string[]) => rows.map((row) => JSON.stringify((JSON.parse(row) as readonly string[]).map((cell, at) => (at === 2 ? (ids.get(cell) ?? cell) : cell)))).toSorted();
        expect(named(assignmentsOf(file))).toEqual(assignments(graph));
        expect(parentsOf(file)).toEqual(expect.arrayContaining([...parents(graph)]));
        expect(named(effectiveOf(file))).toEqual(effective(graph));
      }),
      ENOUGH,
    );
  });

  it("in .c1z also where ids are odd: none is taken for another", async () => {
    await fc.assert(
      fc.asyncProperty(someGraph(odd), async (graph) => {
        const file = readC1z(await exported(sourceOf(graph), { format: "c1z" }));
        expect(assignmentsOf(file)).toHaveLength(graph.bindings.length);
        expect(danglingOf(file)).toEqual([]);
      }),
      ENOUGH,
    );
  });

  it("a .c1z of nothing at all is refused, with what to do", async () => {
    await expect(exported(sourceOf({ principals: [], scopes: [], roles: [], bindings: [] }), { format: "c1z" })).rejects.toMatchObject({ code: "CONFIG_INVALID", cure: "Run `vedette sync` first." });
  });

  it("in every format the same whatever order it is read in, byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(someGraph(odd), fc.constantFrom("json" as const, "csv" as const, "dot" as const, "c1z" as const), async (graph, format) => {
        expect((await exported(sourceOf(graph), { format })).equals(await exported(sourceOf(graph, true), { format }))).toBe(true);
      }),
      ENOUGH,
    );
  });
});

function defused(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/u.test(text) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? `'${text}` : text;
}
