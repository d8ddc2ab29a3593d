/** The export over HTTP from a hub that has read a console: what is given out, to whom, and what is refused before the first byte. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERY_TENANT } from "../../src/kernel/scope.ts";
import { AccessBench } from "./bench.ts";
import { assignmentsOf, danglingOf, parentsOf, readC1z } from "./c1z-decoder.ts";
import { fromCsv, fromJson } from "./export-files.ts";

let bench: AccessBench;
beforeAll(async () => {
  bench = await AccessBench.open();
});
afterAll(() => bench.close());

function ask(query: string, key = bench.world.hub.credential.reveal()) {
  return bench.world.hub.app.inject({ method: "GET", url: `/api/v1/access/export?${query}`, headers: { host: "127.0.0.1", authorization: `Bearer ${key}` } });
}

async function keyOf(tenant: string): Promise<string> {
  const { hub } = bench.world;
  const made = await hub.app.inject({ method: "POST", url: "/api/v1/api-keys", headers: { host: "127.0.0.1", authorization: `Bearer ${hub.credential.reveal()}` }, payload: { name: "governance", role: "viewer", tenants: [tenant] } });
  return made.json<{ secret: string }>().secret;
}

describe("the export of a console that was read", () => {
  it("gives every assignment of the console's records, in JSON, CSV and .c1z alike, and leaves nothing behind", async () => {
    const truth = bench.truth();
    const plain = (rows: readonly string[]) => rows.map((row) => (JSON.parse(row) as readonly string[]).join(" ")).toSorted();
    const c1z = readC1z((await ask("format=c1z")).rawPayload);

    expect(truth.length).toBeGreaterThan(40);
    expect(plain(fromJson((await ask("format=json")).payload).assignments)).toEqual(truth);
    expect(plain(fromCsv((await ask("format=csv")).payload).assignments)).toEqual(truth);
    expect(plain(assignmentsOf(c1z))).toEqual(truth);
    expect([c1z.disagreements, danglingOf(c1z)]).toEqual([[], []]);
    expect(c1z.runs).toEqual([expect.objectContaining({ ended_at: expect.any(String) as unknown })]);
    expect(readdirSync(join(bench.world.folder, "data", "exports"))).toEqual([]);
  });

  it("gives every scope the parent that the console's records state, in all three", async () => {
    const { simulator } = bench;
    const rows = (stream: "accounts" | "sites" | "groups") => [...simulator.truth(stream)] as readonly Readonly<Record<string, unknown>>[];
    const truth = [...rows("sites").map(({ id, accountId }) => JSON.stringify(["site", id, "account", accountId])), ...rows("groups").map(({ id, siteId }) => JSON.stringify(["group", id, "site", siteId]))].toSorted();
    const below = (found: readonly string[]) => found.filter((row) => /^\["(?:site|group)"/.test(row));

    expect(below(fromJson((await ask("format=json")).payload).parents)).toEqual(truth);
    expect(below(fromCsv((await ask("format=csv")).payload).parents)).toEqual(truth);
    const inC1z = parentsOf(readC1z((await ask("format=c1z")).rawPayload));
    expect(below(inC1z)).toEqual(truth);
    expect(inC1z.filter((row) => row.startsWith('["account"')).map((row) => (JSON.parse(row) as readonly unknown[])[2])).toEqual(rows("accounts").map(() => "global"));
  });

  it("says what kind of file it is", async () => {
    const answers = await Promise.all(["csv", "json", "dot", "c1z"].map((format) => ask(`format=${format}`)));
    expect(answers.map(({ headers }) => headers["content-type"])).toEqual(["text/csv; charset=utf-8", "application/json; charset=utf-8", "text/vnd.graphviz; charset=utf-8", "application/octet-stream"]);
    expect(answers.map(({ headers }) => headers["content-disposition"])).toEqual(["csv", "json", "dot", "c1z"].map((format) => `attachment; filename="vedette-access.${format}"`));
  });

  it("is the same file again, as long as nothing was read meanwhile", async () => {
    expect((await ask("format=c1z")).rawPayload.equals((await ask("format=c1z&connection=test")).rawPayload)).toBe(true);
  });

  it.each([
    ["a format there is not", "format=xlsx", 400],
    ["no format", "", 400],
    ["a part of what is no picture", "format=csv&scope=global", 400],
    ["a connection there is not", "format=json&connection=elsewhere", 404],
    ["a scope there is not", "format=dot&scope=site:nowhere", 404],
  ])("refuses %s", async (_what, query, status) => {
    expect((await ask(query)).statusCode).toBe(status);
  });

  it("draws the part that was named", async () => {
    const [site] = bench.simulator.truth("sites") as Iterable<{ readonly id: string; readonly name: string }>;
    const { payload } = await ask(`format=dot&scope=${encodeURIComponent(`site:${site?.id ?? ""}`)}`);
    expect(payload).toContain(site?.name ?? "?");
    expect(payload).not.toContain("Account:");
  });
});

describe("for a tenant that has a site of the console, and not its people", () => {
  let key = "";
  let site = "";
  beforeAll(async () => {
    const { hub, connection } = bench.world;
    [site = ""] = await bench.world.ids("sites");
    const { id } = await hub.tenants.create(EVERY_TENANT, "Client", async () => {});
    await hub.sites.map(EVERY_TENANT, id, connection, [site], async () => {});
    await bench.settle();
    key = await keyOf(id);
  });

  it("the export holds its scopes without a loose end, no people, and says that they are not shown", async () => {
    const { graph } = fromJson((await ask("format=json", key)).payload);
    const { coverage } = graph as unknown as { readonly coverage: readonly { readonly complete: boolean; readonly notes: readonly string[] }[] };

    expect(graph.scopes.filter(({ kind }) => kind === "site").map(({ id }) => id)).toEqual([site]);
    expect(graph.scopes.filter(({ parent }) => parent !== null && !graph.scopes.some(({ id }) => id === parent))).toEqual([]);
    expect([graph.principals, graph.bindings]).toEqual([[], []]);
    expect(coverage.flatMap(({ notes }) => notes)).toContain("the people of this console belong to another tenant and are not shown");
    expect(coverage.every(({ complete }) => !complete)).toBe(true);
  });

  it("its .c1z is not marked as a finished sync: who is missing there was not revoked", async () => {
    const file = readC1z((await ask("format=c1z", key)).rawPayload);
    expect(file.runs).toEqual([expect.objectContaining({ ended_at: null })]);
    expect(danglingOf(file)).toEqual([]);
  });

  it("the summary of risks says so too: nothing found is no good news there", async () => {
    const answer = await bench.world.hub.app.inject({ method: "GET", url: "/api/v1/access/risks/summary", headers: { host: "127.0.0.1", authorization: `Bearer ${key}` } });

    expect(answer.json()).toMatchObject({ counts: [], notes: [{ risk: null, note: "the people of this console belong to another tenant and are not shown" }] });
  });

  it("the people stay where they were, for the one whose they are", async () => {
    expect(fromJson((await ask("format=json")).payload).assignments).toHaveLength(bench.truth().length);
  });
});
