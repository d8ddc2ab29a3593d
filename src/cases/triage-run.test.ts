import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { benchOn } from "../../test/support/bench-on.ts";
import { onlyTenants } from "../kernel/scope.ts";
import { draftAt, readKnowledge } from "./knowledge-file.ts";
import { addEntry, editEntry, importEntries, oneEntry, removeEntry } from "./knowledge-store.ts";
import { alert, caseBench, DAY, HOUR, MINUTE, NOW, OTHER, TARGET, TEN, threat, type CaseBench } from "./test-bench.ts";
import { gather, otherTenants } from "./triage-context.ts";
import { oneList, putList, readHashes, removeList } from "./triage-lists.ts";
import { byScore, isPending } from "./triage-queue.ts";
import { parseRuleDrafts } from "./triage-rules.ts";
import { triageDue } from "./triage-run.ts";
import { applyRules, rulesFor, rulesVersion, takingPart } from "./triage-store.ts";
import { ALL_TENANTS, type KnowledgeRow } from "./triage-tables.ts";
import { countTenantTriage, purgeTenantTriage, tenantTriage } from "./triage-upkeep.ts";

const HASH = "3f0c9d1e3f0c9d1e3f0c9d1e3f0c9d1e3f0c9d1e";
const ELSEWHERE = { ...TARGET, tenant: OTHER };

describe.each(["sqlite", "postgres"] as const)("triage on %s", (kind) => {
  let bench: CaseBench;
  benchOn(kind, (postgres) => caseBench({ postgres }), (opened) => {
    bench = opened;
  });

  const due = async (): Promise<void> => {
    for (let round = 0; ((await bench.store.tx((tx) => triageDue(tx, bench.now))) ?? Number.POSITIVE_INFINITY) <= bench.now; round += 1) if (round > 100) throw new Error("never done");
  };
  interface Kept {
    readonly case_id: string;
    readonly tenant_id: string;
    readonly open: number;
    readonly score: number;
    readonly verdict: string;
    readonly because: string;
  }
  const kept = async (tenant: string = TEN): Promise<readonly Kept[]> => (await sql<Kept>`SELECT t.* FROM case_triage AS t JOIN cases AS c ON c.id = t.case_id WHERE t.tenant_id = ${tenant} ORDER BY c.first_at, c.seq`.execute(bench.store.read)).rows;
  const speaking = async (tenant: string = TEN): Promise<readonly (readonly string[])[]> => (await kept(tenant)).map(({ because }) => (JSON.parse(because) as readonly [string, number][]).map(([rule]) => rule));
  const by = (now = bench.now) => ({ by: "mara", now });
  const know = (tenant: string, type: string, indicator: string, meaning: string, expiresAt: number | null = null): Promise<KnowledgeRow> => {
    const value = { type, indicator, meaning, text: "ours" };
    const draft = draftAt({ path: "$", value }, new Map(Object.entries(value).map(([key, one]) => [key, { path: key, value: one }])));
    return bench.store.tx((tx) => addEntry(tx, tenant, { ...draft, expiresAt }, by()));
  };
  const entry = (id: string): Promise<KnowledgeRow> => oneEntry(bench.store.read, { all: true }, id);
  const rules = (tenant: string, list: unknown, msp = true) => bench.store.tx((tx) => applyRules(tx, parseRuleDrafts(list), { tenant, replaceAll: false, msp, ...by() }));
  const list = (tenant: string, meaning: "malicious" | "trusted", ...hashes: readonly string[]) => bench.store.tx((tx) => putList(tx, { tenant, name: `${meaning} ones`, meaning, hashes: readHashes(hashes.join("\n")), ...by() }));

  it("suggests in a table of its own: no case, alert or timeline is changed by it, and nothing is told", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    bench.told();
    const before = [await bench.cases(), await bench.members(), await bench.timeline((await bench.only()).id)];
    await due();
    expect(await kept()).toMatchObject([{ open: 1, score: 65, verdict: "true-positive" }]);
    expect([await bench.cases(), await bench.members(), await bench.timeline((await bench.only()).id)]).toEqual(before);
    expect(bench.told()).toEqual([]);
  });

  it("looks again when an alert changes, and writes nothing where it comes out as it was", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    await due();
    expect((await speaking())[0]).toContain("not-stopped");
    bench.now += HOUR;
    await bench.page("threats", [threat("t1", NOW, { mitigation: "mitigated", updated: NOW + MINUTE })]);
    await due();
    expect((await speaking())[0]).toContain("stopped");
    const written = await kept();
    bench.now += HOUR;
    await rules(TEN, [{ id: "outbreak", weight: 1 }]);
    await due();
    expect(await kept()).toEqual(written);
  });

  it("keeps the row of a case that is resolved out of the queue, and drops that of one that became part of another", async () => {
    await bench.page("threats", [threat("t2", NOW + HOUR / 2, { hash: "h2", storyline: "S2" }), threat("t1", NOW, { hash: "h1" })]);
    await due();
    expect(await kept()).toHaveLength(2);
    await bench.page("threats", [threat("t3", NOW + MINUTE, { hash: "h1", storyline: "S2" })]);
    await due();
    const [one, other] = await kept();
    expect([one?.case_id, other]).toEqual([(await bench.only()).id, undefined]);
    await bench.update(one?.case_id ?? "", { status: "resolved" });
    await due();
    expect(await kept()).toMatchObject([{ open: 0 }]);
    expect((await byScore(bench.store.read, onlyTenants(TEN), { limit: 5 })).rows).toEqual([]);
  });

  it("carries a person's verdict to the tenant's open cases with the same content, and takes it back, and to nobody else's", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: HASH })]);
    await bench.page("threats", [threat("t2", NOW + 20 * DAY, { hash: HASH })]);
    await bench.page("threats", [threat("t3", NOW + 20 * DAY, { hash: HASH, site: "12" })], { target: ELSEWHERE });
    await due();
    const [first] = await kept();
    await bench.update(first?.case_id ?? "", { status: "resolved", verdict: "false-positive" });
    await due();
    expect(await speaking()).toMatchObject([expect.not.arrayContaining(["earlier-false-positive"]), expect.arrayContaining(["earlier-false-positive"])]);
    expect((await speaking(OTHER))[0]).not.toContain("earlier-false-positive");
    await bench.update(first?.case_id ?? "", { verdict: "undefined" });
    await due();
    expect((await speaking())[1]).not.toContain("earlier-false-positive");
  });

  it("knows behaviour without content by the alert's name and whom it is about", async () => {
    await bench.page("alerts", [alert("a1", NOW, { user: "j.orozco" }), alert("a2", NOW + 5 * DAY, { user: "j.orozco" }), alert("a3", NOW + 5 * DAY, { user: "m.haas" })]);
    await due();
    await bench.update((await bench.cases())[0]?.id ?? "", { status: "resolved", verdict: "true-positive" });
    await due();
    const spoken = (await kept()).map(({ because }) => because.includes("earlier-true-positive"));
    expect(spoken.filter(Boolean)).toHaveLength(1);
  });

  it("looks at all open cases again, a bounded number at a time, when a rule of the tenant changes", async () => {
    await bench.page("threats", Array.from({ length: 230 }, (_, place) => threat(`t${String(place)}`, NOW + place, { device: `D${String(place)}` })));
    let asked = 0;
    const all = async (): Promise<void> => {
      for (asked = 0; (await bench.store.tx((tx) => triageDue(tx, bench.now))) !== null; ) asked += 1;
    };
    await all();
    expect(asked).toBe(2);
    await rules(TEN, [{ id: "confidence-malicious", weight: 10 }]);
    expect(await isPending(bench.store.read, onlyTenants(TEN))).toBe(true);
    expect(await isPending(bench.store.read, onlyTenants(OTHER))).toBe(false);
    await all();
    expect(asked).toBe(2);
    expect(await isPending(bench.store.read, onlyTenants(TEN))).toBe(false);
    expect(new Set((await kept()).map(({ verdict, score }) => `${verdict} ${String(score)}`))).toEqual(new Set(["undefined 35"]));
    const first = await byScore(bench.store.read, onlyTenants(TEN), { limit: 100 });
    const second = await byScore(bench.store.read, onlyTenants(TEN), { limit: 200, after: first.next ?? "" });
    expect([first.rows.length, second.rows.length, second.next, new Set([...first.rows, ...second.rows].map(({ row }) => row.id)).size]).toEqual([100, 130, null, 230]);
  });

  it("holds a rule of one tenant to that tenant, and one for all to all", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    await bench.page("threats", [threat("t2", NOW, { site: "12", device: "D2" })], { target: ELSEWHERE });
    await rules(OTHER, [{ id: "confidence-malicious", enabled: false }]);
    await rules(ALL_TENANTS, [{ id: "not-stopped", enabled: false }]);
    await due();
    expect(await speaking()).toEqual([["confidence-malicious"]]);
    expect(await speaking(OTHER)).toEqual([[]]);
    await expect(rules(OTHER, [{ id: "no-such", enabled: true }])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(rules(TEN, [{ id: "seen-at-other-tenants", enabled: true }], false)).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("takes lists of hashes: a tenant's own for that tenant, one for all for all, until they are taken away", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: HASH })]);
    await bench.page("threats", [threat("t2", NOW, { hash: HASH, site: "12", device: "D2" })], { target: ELSEWHERE });
    const trusted = await list(OTHER, "trusted", HASH.toUpperCase());
    await due();
    expect([(await speaking())[0]?.includes("listed-trusted"), (await speaking(OTHER))[0]?.includes("listed-trusted")]).toEqual([false, true]);
    await list(ALL_TENANTS, "malicious", HASH);
    await bench.store.tx(async (tx) => removeList(tx, await oneList(tx.db, onlyTenants(OTHER), trusted.id)));
    await due();
    expect([(await speaking())[0], (await speaking(OTHER))[0]].map((heard) => heard?.filter((rule) => rule.startsWith("listed")))).toEqual([["listed-malicious"], ["listed-malicious"]]);
    await list(ALL_TENANTS, "malicious", "0".repeat(32));
    await due();
    expect((await speaking()).flat().filter((rule) => rule.startsWith("listed"))).toEqual([]);
    await expect(oneList(bench.store.read, onlyTenants(TEN), trusted.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("counts a case that an entry speaks of once, however often the case is looked at", async () => {
    const { id } = await know(TEN, "device", "d1", "benign");
    const elsewhere = await know(OTHER, "device", "d1", "malicious");
    await bench.page("threats", [threat("t1", NOW), threat("t2", NOW, { device: "D2" })]);
    await due();
    expect(await entry(id)).toMatchObject({ hits: 1, last_hit_at: NOW, version: 1 });
    for (const mitigation of ["mitigated", "blocked"]) {
      await bench.page("threats", [threat("t1", NOW, { mitigation, updated: NOW + MINUTE })]);
      await due();
    }
    await bench.page("threats", [threat("t3", NOW + 20 * DAY)]);
    await due();
    expect((await entry(id)).hits).toBe(2);
    expect((await entry(elsewhere.id)).hits).toBe(0);
    expect((await speaking()).flat()).not.toContain("known-malicious");
  });

  it("follows an entry that is changed, expires and is taken away", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    const { id } = await know(ALL_TENANTS, "user", "J.Orozco", "benign", NOW + HOUR);
    const known = async (): Promise<readonly string[]> => {
      await due();
      return (await speaking()).flat().filter((rule) => rule.startsWith("known"));
    };
    expect(await known()).toEqual(["known-benign"]);
    await bench.store.tx(async (tx) => editEntry(tx, await entry(id), { meaning: "suspicious", version: 1 }, by()));
    expect(await known()).toEqual(["known-suspicious"]);
    await expect(bench.store.tx(async (tx) => editEntry(tx, await entry(id), { meaning: "benign", version: 1 }, by()))).rejects.toMatchObject({ code: "CHANGED_SINCE" });
    bench.now = NOW + HOUR;
    expect(await known()).toEqual([]);
    await bench.store.tx(async (tx) => editEntry(tx, await entry(id), { expiresAt: null }, by()));
    expect(await known()).toEqual(["known-suspicious"]);
    await bench.store.tx(async (tx) => removeEntry(tx, await entry(id)));
    expect(await known()).toEqual([]);
  });

  it("asks to be asked again when the next entry expires", async () => {
    await know(TEN, "device", "d9", "context", NOW + 3 * HOUR);
    await due();
    expect(await bench.store.tx((tx) => triageDue(tx, bench.now))).toBe(NOW + 3 * HOUR);
  });

  it("keeps one entry for an indicator of a tenant, and takes files in whole or not at all", async () => {
    await know(TEN, "signer", "PackStation Ltd", "benign");
    await expect(know(TEN, "signer", "packstation LTD", "malicious")).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await know(OTHER, "signer", "packstation LTD", "malicious");
    const given = (text: string) => bench.store.tx((tx) => importEntries(tx, TEN, readKnowledge("ndjson", text), by()));
    const line = (indicator: string, text: string, more: object = {}): string => JSON.stringify({ type: "signer", indicator, text, meaning: "benign", ...more });
    expect(await given([line("PackStation Ltd", "ours"), line("Other Ltd", "=1+1")].join("\n"))).toEqual({ added: 1, changed: 0, unchanged: 1 });
    expect(await given([line("PackStation Ltd", "still ours"), line("Other Ltd", "=1+1")].join("\n"))).toEqual({ added: 0, changed: 1, unchanged: 1 });
    await expect(given([line("Third Ltd", "x"), line("Fourth Ltd", "x", { expiresAt: "2020-01-01T00:00:00Z" })].join("\n"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect((await sql<{ n: number }>`SELECT count(*) AS n FROM case_knowledge WHERE tenant_id = ${TEN}`.execute(bench.store.read)).rows[0]?.n).toBe(2);
  });

  it("takes back one rule and leaves what somebody else set meanwhile, and refuses a whole list made of what no longer stands", async () => {
    const mine = { id: "mine", title: "Mine", weight: 3, when: { fact: "path", is: "x" } };
    await rules(TEN, [mine, { id: "on-server", weight: 9 }]);
    const seen = await rulesVersion(bench.store.read, TEN);
    await rules(TEN, [{ ...mine, id: "theirs" }]);
    const whole = bench.store.tx((tx) => applyRules(tx, parseRuleDrafts([mine]), { tenant: TEN, replaceAll: true, version: seen, msp: true, ...by() }));
    await expect(whole).rejects.toMatchObject({ code: "CHANGED_SINCE" });
    const done = await bench.store.tx((tx) => applyRules(tx, [], { tenant: TEN, replaceAll: false, takeBack: ["mine", "never-set"], msp: true, ...by() }));

    expect(done).toEqual([{ id: "mine", change: "removed", rule: null }]);
    expect((await rulesFor(bench.store.read, TEN)).filter(({ changed, from }) => from === "tenant" || changed?.for === "tenant").map(({ rule }) => rule.id).toSorted()).toEqual(["on-server", "theirs"]);
  });

  it("counts over tenants only those that take part, and keeps nothing of it where a tenant could see it", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: HASH })]);
    await bench.page("threats", [threat("t2", NOW, { hash: HASH, site: "12", device: "D2" })], { target: ELSEWHERE });
    await due();
    const reading = { db: bench.store.read, kind: bench.store.kind };
    const counted = async (): Promise<number> => {
      const [row] = await bench.cases();
      const traits = row === undefined ? [] : ((await gather(reading, [row], bench.now)).get(row.id)?.traits ?? []);
      return otherTenants(reading, TEN, traits, await takingPart(bench.store.read));
    };
    expect(await counted()).toBe(0);
    await rules(OTHER, [{ id: "seen-at-other-tenants", enabled: true }]);
    expect([await takingPart(bench.store.read), await counted()]).toEqual([[OTHER], 1]);
    await expect(rules(OTHER, [{ id: "seen-at-other-tenants", title: "another", weight: 1, when: { fact: "path", is: "x" } }], false)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(bench.store.tx((tx) => applyRules(tx, [], { tenant: OTHER, replaceAll: true, msp: false, ...by() }))).rejects.toMatchObject({ code: "FORBIDDEN" });
    await rules(ALL_TENANTS, [{ id: "seen-at-other-tenants", enabled: true }]);
    await rules(OTHER, [{ id: "seen-at-other-tenants", enabled: false }]);
    expect([await takingPart(bench.store.read), await counted()]).toEqual([[TEN], 0]);
    await rules(OTHER, [{ id: "seen-at-other-tenants", enabled: true }]);
    await due();
    expect((await speaking()).flat()).not.toContain("seen-at-other-tenants");
  });

  it("looks at the gravest alerts of a large case, and says what they are when the mirror has let go of them", async () => {
    await bench.page("threats", Array.from({ length: 60 }, (_, place) => threat(`t${String(place)}`, NOW + place, { storyline: "S", hash: HASH, confidence: place === 0 ? "malicious" : "suspicious", mitigation: "mitigated" })));
    await due();
    const [row] = await bench.cases();
    const found = row === undefined ? undefined : (await gather({ db: bench.store.read, kind: bench.store.kind }, [row], bench.now)).get(row.id);
    expect(found?.record.alerts).toHaveLength(25);
    expect(found?.record.numbers).toMatchObject({ alerts: 60, devices: 1 });
    await bench.store.tx(async (tx) => void (await sql`DELETE FROM mirror_threats`.execute(tx.db)));
    const bare = row === undefined ? undefined : (await gather({ db: bench.store.read, kind: bench.store.kind }, [row], bench.now)).get(row.id);
    expect(bare?.record.alerts[0]?.facts).toMatchObject({ hash: [HASH], mitigation: ["mitigated"], user: [expect.stringContaining("j.orozco")] });
    expect(bare?.record.alerts[0]?.facts).not.toHaveProperty("confidence");
  });

  it("hands everything over when a tenant leaves, and lets go of it and of nobody else's", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: HASH })]);
    await bench.page("threats", [threat("t2", NOW, { hash: HASH, site: "12", device: "D2" })], { target: ELSEWHERE });
    for (const tenant of [TEN, OTHER]) {
      await list(tenant, "malicious", HASH, "0".repeat(64));
      await know(tenant, "device", "D1", "context");
      await rules(tenant, [{ id: "outbreak", weight: 3 }]);
    }
    await due();
    const tables: string[] = [];
    for await (const { table, row } of tenantTriage(bench.store, OTHER, AbortSignal.timeout(10_000))) {
      tables.push(table);
      expect(row["tenant_id"] ?? OTHER).toBe(OTHER);
    }
    expect(tables).toEqual(["case_triage", "case_rules", "case_knowledge", "case_hash_lists", "case_listed_hashes", "case_listed_hashes"]);
    const others = await countTenantTriage(bench.store, TEN);
    for (let left = 1; left > 0; ) left = await bench.store.tx((tx) => purgeTenantTriage(tx, OTHER, 1));
    expect([await countTenantTriage(bench.store, OTHER), await countTenantTriage(bench.store, TEN)]).toEqual([0, others]);
    expect((await sql<{ n: number }>`SELECT count(*) AS n FROM case_listed_hashes`.execute(bench.store.read)).rows[0]?.n).toBe(2);
  });

  it("looks at what was there before there was triage, the resolved among it", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: HASH, status: "resolved", verdict: "false_positive" })]);
    await bench.page("threats", [threat("t2", NOW + 20 * DAY, { hash: HASH })]);
    await bench.store.tx(async (tx) => {
      await sql`DELETE FROM case_triage_due`.execute(tx.db);
      await sql`INSERT INTO case_triage_sweeps (tenant_id, whole, at, seq) VALUES ('', 1, NULL, NULL)`.execute(tx.db);
    });
    await due();
    expect(await kept()).toHaveLength(2);
    expect((await speaking())[1]).toContain("earlier-false-positive");
  });
});
