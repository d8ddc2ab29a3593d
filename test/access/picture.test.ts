/** The picture stays small and says what it left out, and no name in it is taken for the language it is written in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Scope } from "../../src/access/model.ts";
import { rounds } from "../support/rounds.ts";
import { exported } from "./export-files.ts";
import { CONNECTION, coverage, graphs, sourceOf, TENANT, type Graph } from "./graphs.ts";

const SCOPE = { connection: CONNECTION, tenant: TENANT, state: "active", inferred: false } as const;
const account: Scope = { ...SCOPE, kind: "account", id: "1", name: "Orchard", parent: null };
const sites = (count: number): readonly Scope[] => Array.from({ length: count }, (_, at) => ({ ...SCOPE, kind: "site" as const, id: String(100 + at), name: `Site ${String(at)}`, parent: account }));
const graph = (scopes: readonly Scope[]): Graph => ({ principals: [], roles: [], bindings: [], scopes });

describe("a picture", () => {
  it("draws a few of many scopes side by side, and counts the rest", async () => {
    const dot = (await exported(sourceOf(graph([account, ...sites(500)])), { format: "dot" })).toString();
    expect(dot.split("\n").length).toBeLessThan(60);
    expect(dot).toContain("+ 488 more");
  });

  it("of a part holds that part alone; one that is not there is refused", async () => {
    const part = { format: "dot", below: { connection: CONNECTION, kind: "site", id: "101" } } as const;
    const dot = (await exported(sourceOf(graph([account, ...sites(3)])), part)).toString();
    expect(dot).toContain("Site: Site 1");
    expect(dot).not.toContain("Orchard");
    await expect(exported(sourceOf(graph([account])), part)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("says what could not be read", async () => {
    expect((await exported(sourceOf(graph([account])), { format: "dot", coverage: coverage({ stream: "roles", state: "refused", readTo: null, reason: "no permission" }) })).toString()).toContain("missing: roles: no permission");
  });

  it("of any graph is one that Graphviz reads: quoted strings without an escape of theirs, and lines of three forms", async () => {
    await fc.assert(
      fc.asyncProperty(graphs(), async (any) => {
        const [head, ...lines] = (await exported(sourceOf(any), { format: "dot" })).toString().trimEnd().split("\n");
        expect(head).toBe("digraph access {");
        const text = String.raw`"(?:[^"\\\p{Cc}\p{Cf}]|\\\\|\\"|\\n)*"`;
        const line = new RegExp(String.raw`^(?:  (?:graph|node|edge) \[.*\];|  s\d+(?:_more)? \[(?:fillcolor="#[0-9a-f]{6}"|style=dashed), label=${text}\];|  s\d+ -> s\d+(?:_more)?(?: \[style=dashed\])?;|\})$`, "u");
        expect(lines.filter((one) => !line.test(one))).toEqual([]);
      }),
      rounds(20),
    );
  });
});
