import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { benchOn } from "../../test/support/bench-on.ts";
import type { Fact } from "../kernel/fact.ts";
import { onlyTenants } from "../kernel/scope.ts";
import { entitiesOf, linksOfCase, oneCase, relatedTo } from "./queries.ts";
import { alert, caseBench, CON, DAY, HOUR, MINUTE, NOW, OTHER, picture, TARGET, TEN, threat, type CaseBench } from "./test-bench.ts";
import type { CaseRow } from "./tables.ts";

describe.each(["sqlite", "postgres"] as const)("cases on %s", (kind) => {
  let bench: CaseBench;
  let told: () => readonly string[];
  benchOn(kind, (postgres) => caseBench({ postgres }), (opened) => {
    bench = opened;
  });
  beforeEach(() => {
    told = () => bench.told().map((line) => line.replace("cases.", "").split(" ")[0] ?? "");
  });

  it("opens one for a threat and tells of it once, however often it is read", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    const one = await bench.only();
    expect(one).toMatchObject({ title: "hash-t1.exe on D1", type: "malware", status: "new", open: 1, severity: 5, first_at: NOW, version: 1 });
    expect(bench.told()).toEqual([`cases.opened ${one.id}`]);
    await bench.rebuild();
    await bench.page("threats", [threat("t1", NOW)]);
    expect(told()).toEqual([]);
    expect(await bench.only()).toEqual(one);
  });

  it("says in its fact what it is, what happened and where the console shows it, under a version of its own", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S" }), threat("t2", NOW, { storyline: "S", device: "D2" })]);
    const [fact] = bench.queued;
    const { id } = await bench.only();
    expect(fact).toMatchObject({ tenant: TEN, kind: "cases.opened", key: id, orderKey: id, version: 1, body: { id, severity: "critical", status: "new", alerts: 2, devices: 2, firstRead: false, event: { kind: "opened", by: "vedette" }, lead: { id: "t1", link: "https://usea1-011.sentinelone.net/incidents/threats/t1/overview" } } });
    await bench.update(id, { owner: "mara", note: "mine" });
    expect(bench.queued.map(({ kind: of, version }) => [of, version])).toEqual([["cases.opened", 1], ["cases.updated", 2], ["cases.updated", 3]]);
  });

  it("makes one case of a threat and the unified alert of the same storyline", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S1" })]);
    await bench.page("alerts", [alert("a1", NOW + MINUTE, { storyline: "S1", product: "EDR" })]);
    expect(await bench.only()).toMatchObject({ first_at: NOW, last_at: NOW + MINUTE });
    expect(await bench.members()).toHaveLength(2);
    expect(told()).toEqual(["opened"]);
  });

  it("makes one case of an outbreak over many devices, and none of one tool used for different things", async () => {
    await bench.page("threats", ["D1", "D2", "D3"].map((device, place) => threat(`t${device}`, NOW + place * 50 * MINUTE, { hash: "worm", device })));
    expect((await bench.only()).title).toBe("worm.exe on 3 devices");
    await bench.reset();
    await bench.page("alerts", ["one", "two"].map((name) => alert(name, NOW, { name, hash: "powershell", product: "STAR" })));
    expect(await bench.cases()).toHaveLength(2);
  });

  it("makes one case of a password spray and of what one tool asks a directory for, whoever it is about, and one of each user otherwise", async () => {
    await bench.page("alerts", ["a", "b", "c"].map((user) => alert(user, NOW, { name: "Account Lockout", user, device: "DC-01", attacker: "LT-7" })));
    expect(await bench.cases()).toHaveLength(1);
    await bench.reset();
    await bench.page("alerts", ["LDAP Search", "Users Enumeration", "ACL Enumeration"].map((name, place) => alert(name, NOW + place, { name, hash: "sharphound", user: `u${String(place)}`, device: `DC-0${String(place)}`, attacker: "LT-7" })));
    expect(await bench.cases()).toHaveLength(1);
    await bench.reset();
    await bench.page("alerts", ["a", "b", "c"].map((user) => alert(user, NOW, { name: "Account Lockout", user, device: "DC-01" })));
    expect(await bench.cases()).toHaveLength(3);
  });

  it("merges two cases that a later alert connects into the older one, whose id the other's leads to", async () => {
    await bench.page("threats", [threat("t2", NOW + HOUR / 2, { hash: "h2", storyline: "S2" })]);
    await bench.page("threats", [threat("t1", NOW, { hash: "h1" })]);
    const [older, younger] = await bench.cases();
    await bench.update(younger?.id ?? "", { owner: "mara", note: "looked at" });
    bench.told();
    await bench.page("threats", [threat("t3", NOW + MINUTE, { hash: "h1", storyline: "S2" })]);
    const one = await bench.only();
    expect(one).toMatchObject({ id: older?.id, owner: "mara", first_at: NOW, last_at: NOW + HOUR / 2 });
    expect(bench.told()).toEqual([`cases.merged ${younger?.id ?? ""}`]);
    expect((await oneCase(bench.store.read, onlyTenants(TEN), younger?.id ?? "")).id).toBe(one.id);
    expect(await bench.timeline(one.id)).toEqual(["opened by vedette", "merged by vedette", "joined by vedette"]);
    expect((await bench.timeline(younger?.id ?? "")).at(-1)).toBe("merged by vedette");
    expect(await entitiesOf(bench.store.read, one.grp, ["device"], 5)).toEqual({ items: [{ kind: "device", value: "D1", n: 3 }], left: 0 });
  });

  it("counts what alerts are about where an older one comes with the one that connects it to a case that was there", async () => {
    await bench.page("threats", ["t2", "t4", "t5"].map((id) => threat(id, NOW + HOUR / 2, { hash: "h2", storyline: "S2" })));
    await bench.page("threats", [threat("t1", NOW, { hash: "h1" }), threat("t3", NOW + MINUTE, { hash: "h1", storyline: "S2" })]);
    expect(await entitiesOf(bench.store.read, (await bench.only()).grp, ["device"], 5)).toEqual({ items: [{ kind: "device", value: "D1", n: 5 }], left: 0 });
    expect(JSON.parse((await bench.only()).tally)).toMatchObject({ members: 5, kinds: { device: 1, user: 1 } });
  });

  it("counts a person once, with a domain and without, by name and by address, and two domains' as two", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S" })]);
    await bench.page("alerts", [alert("a1", NOW, { storyline: "S", user: "J.Orozco" }), alert("a2", NOW, { storyline: "S", user: "j.orozco@orchard.test" })]);
    expect(JSON.parse((await bench.only()).tally)).toMatchObject({ members: 3, kinds: { user: 1 } });
    await bench.page("alerts", [alert("a3", NOW, { storyline: "S", user: "HALDEN\\j.orozco" }), alert("a4", NOW, { storyline: "S", user: "m.voss" })]);
    expect(JSON.parse((await bench.only()).tally)).toMatchObject({ members: 5, kinds: { user: 3 } });
    await bench.page("alerts", [alert("a3", NOW, { storyline: "S", user: "m.voss", updated: NOW + HOUR })]);
    expect(JSON.parse((await bench.only()).tally)).toMatchObject({ members: 5, kinds: { user: 2 } });
  });

  it("keeps leading to the last of a row of merged cases", async () => {
    for (const [place, storyline] of ["S3", "S2", "S1"].entries()) await bench.page("threats", [threat(storyline, NOW - place * DAY, { storyline, device: storyline })]);
    const [, , youngest] = await bench.cases();
    await bench.page("threats", [threat("b1", NOW - DAY / 2, { hash: "hash-S3", storyline: "S2", device: "S3" })]);
    await bench.page("threats", [threat("b2", NOW - 3 * DAY / 2, { hash: "hash-S2", storyline: "S1", device: "S2" })]);
    expect((await oneCase(bench.store.read, onlyTenants(TEN), youngest?.id ?? "")).id).toBe((await bench.only()).id);
  });

  it("does not let what is settled in one case settle what is open in the other", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S1" })]);
    await bench.page("threats", [threat("t2", NOW + MINUTE, { storyline: "S2" })]);
    const [settled] = await bench.cases();
    await bench.update(settled?.id ?? "", { status: "resolved", verdict: "false-positive" });
    bench.told();
    await bench.page("threats", [threat("t3", NOW + 2 * MINUTE, { storyline: "S1", hash: "hash-t2", status: "resolved" })]);
    expect(await bench.only()).toMatchObject({ id: settled?.id, status: "new", open: 1, reopened: 1 });
    expect(told()).toEqual(["merged", "reopened"]);
  });

  it("takes a case apart when its alerts no longer have anything in common", async () => {
    await bench.page("threats", [threat("t1", NOW, { hash: "h" }), threat("t2", NOW + MINUTE, { hash: "h" })]);
    const one = await bench.only();
    await bench.update(one.id, { owner: "mara" });
    bench.told();
    await bench.page("threats", [threat("t2", NOW + MINUTE, { hash: "other", updated: NOW + HOUR })]);
    const [stays, split] = await bench.cases();
    expect([stays?.id, stays?.title, split?.title, split?.owner]).toEqual([one.id, "h.exe on D1", "other.exe on D1", "mara"]);
    expect(bench.told()).toEqual([`cases.opened ${split?.id ?? ""}`]);
    expect(await bench.timeline(split?.id ?? "")).toEqual(["split by vedette"]);
  });

  describe("its life", () => {
    const life: readonly { readonly name: string; readonly steps: readonly ((bench: CaseBench, id: string) => Promise<unknown>)[]; readonly ends: Partial<CaseRow>; readonly told: readonly string[] }[] = [
      { name: "is resolved when all of it is resolved at the console", steps: [(b) => b.page("threats", [state("resolved", "true_positive")])], ends: { status: "resolved", open: 0, status_by: "alerts", verdict: "true-positive" }, told: ["resolved"] },
      { name: "is in progress when somebody works on it there", steps: [(b) => b.page("threats", [state("in_progress")])], ends: { status: "in-progress", open: 1 }, told: ["updated"] },
      { name: "is opened again when one of it is at the console", steps: [(b) => b.page("threats", [state("resolved")]), (b) => b.page("threats", [state("unresolved", "undefined", 2)])], ends: { status: "new", open: 1, reopened: 1, resolved_at: null }, told: ["resolved", "reopened"] },
      { name: "stays with what a person decided while nothing new comes", steps: [(b, id) => b.update(id, { status: "waiting" }), (b) => b.page("threats", [state("in_progress")])], ends: { status: "waiting", status_by: "person" }, told: ["updated"] },
      { name: "is resolved by the console although a person had it in hand", steps: [(b, id) => b.update(id, { status: "in-progress" }), (b) => b.page("threats", [state("resolved")])], ends: { status: "resolved", status_by: "alerts" }, told: ["updated", "resolved"] },
      { name: "stays open where a person opened it again although all is resolved at the console", steps: [(b) => b.page("threats", [state("resolved")]), (b, id) => b.update(id, { status: "in-progress" }), (b) => b.page("threats", [state("resolved", "true_positive", 2)])], ends: { status: "in-progress", status_by: "person", reopened: 1 }, told: ["resolved", "reopened"] },
      { name: "stays resolved where a person resolved it before the console did", steps: [(b, id) => b.update(id, { status: "resolved", verdict: "false-positive" }), (b) => b.page("threats", [state("resolved")])], ends: { status: "resolved", status_by: "person", verdict: "false-positive" }, told: ["updated", "resolved"] },
      { name: "is opened again by an alert that joins, and forgets the verdict", steps: [(b, id) => b.update(id, { status: "resolved", verdict: "false-positive" }), (b) => b.page("threats", [threat("t2", NOW + DAY, { hash: "h" })])], ends: { status: "new", reopened: 1, verdict: "undefined" }, told: ["updated", "resolved", "reopened"] },
      { name: "is not opened again by an alert that is resolved already", steps: [(b, id) => b.update(id, { status: "resolved" }), (b) => b.page("threats", [threat("t2", NOW + DAY, { hash: "h", status: "resolved" })])], ends: { status: "resolved", reopened: 0 }, told: ["resolved"] },
      { name: "grows less grave as it is mitigated, and graver again", steps: [(b) => b.page("threats", [state("unresolved", "undefined", 1, "mitigated")]), (b) => b.page("threats", [threat("t2", NOW + DAY, { hash: "h" })])], ends: { severity: 5 }, told: ["escalated"] },
      { name: "has the severity a person gave it until something graver comes", steps: [(b) => b.page("threats", [state("unresolved", "undefined", 1, "mitigated")]), (b, id) => b.update(id, { severity: "info" }), (b) => b.page("threats", [threat("t2", NOW + DAY, { hash: "h", confidence: "suspicious" })])], ends: { severity: 4, severity_set: null }, told: ["updated", "escalated"] },
      { name: "is resolved when its alert is gone from the console", steps: [(b) => b.gone("threats", ["t1"])], ends: { status: "resolved" }, told: ["resolved"] },
      { name: "is opened again when an alert that was gone is there again", steps: [(b) => b.gone("threats", ["t1"]), (b) => b.page("threats", [state("unresolved", "suspicious", 3)])], ends: { status: "new", verdict: "suspicious", reopened: 1 }, told: ["resolved", "reopened"] },
    ];

    function state(status: string, verdict = "undefined", minutes = 1, mitigation = "not_mitigated") {
      return threat("t1", NOW, { hash: "h", status, verdict, mitigation, updated: NOW + minutes * MINUTE });
    }

    it.each(life)("$name", async ({ steps, ends, told: facts }) => {
      await bench.page("threats", [threat("t1", NOW, { hash: "h" })]);
      const { id } = await bench.only();
      bench.told();
      for (const step of steps) await step(bench, id);
      expect(await bench.only()).toMatchObject({ id, ...ends });
      expect(told()).toEqual(facts);
    });

    it("begins anew when too much time has passed, and names the case before", async () => {
      await bench.page("threats", [threat("t1", NOW, { hash: "h" })]);
      const { id } = await bench.only();
      await bench.update(id, { status: "resolved" });
      bench.told();
      await bench.page("threats", [threat("t2", NOW + 7 * DAY + 1, { hash: "h" })]);
      expect((await bench.cases()).map((row) => [row.id === id, row.status, row.reopened])).toEqual([[true, "resolved", 0], [false, "new", 0]]);
      expect(bench.queued.map((fact: Fact) => JSON.stringify(fact.body["event"]))).toEqual([expect.stringContaining(`the same behaviour was seen in ${id}`)]);
    });
  });

  describe("what goes on and on", () => {
    const daily = (days: number, from = 0) => Array.from({ length: days }, (_, day) => threat(`d${String(from + day)}`, NOW + (from + day) * DAY, { hash: "h" }));

    it("is one case for thirty days at least and for sixty at most; the next says which it goes on from", async () => {
      for (let day = 0; day < 100; day += 10) await bench.page("threats", daily(10, day));
      const cases = await bench.cases();
      expect(cases.length).toBeGreaterThan(1);
      for (const [place, row] of cases.entries()) {
        expect(row.last_at - row.first_at).toBeLessThan(60 * DAY);
        if (place < cases.length - 1) expect(row.last_at - row.first_at).toBeGreaterThanOrEqual((place === 0 ? 30 : 29) * DAY);
      }
      expect(cases.reduce((sum, { tally }) => sum + (JSON.parse(tally) as { members: number }).members, 0)).toBe(100);
      expect(bench.queued.map(({ kind: of, key, body }) => [of, key, JSON.stringify(body["event"]).includes(`the same behaviour was seen in ${cases.findLast(({ first_at: at }) => at < Date.parse(String(body["firstAt"])))?.id ?? "nothing"}`)])).toEqual(cases.map(({ id }, place) => ["cases.opened", id, place > 0]));
      expect((await relatedTo(bench.store, cases[1] ?? cases[0] as CaseRow, await linksOfCase(bench.store.read, cases[1]?.grp ?? null))).map(({ id }) => id)).toContain(cases[0]?.id);
    });

    it("is not cut while it is over within thirty days, whenever it begins", async () => {
      for (let shift = 0; shift < 30; shift += 3) await bench.page("threats", Array.from({ length: 6 }, (_, part) => threat(`s${String(shift)}-${String(part)}`, NOW + shift * DAY + part * 6 * DAY, { hash: `h${String(shift)}`, device: `D${String(shift)}` })));
      expect(await bench.cases()).toHaveLength(10);
    });

    it("is opened again within its time, and is a new case after it", async () => {
      await bench.page("threats", daily(40));
      const [first] = await bench.cases();
      await bench.update(first?.id ?? "", { status: "resolved", verdict: "false-positive" });
      bench.told();
      await bench.page("threats", [threat("late", NOW + DAY / 2, { hash: "h" })]);
      expect(bench.told()).toEqual([`cases.reopened ${first?.id ?? ""}`]);
      await bench.page("threats", daily(60, 40));
      expect(told().filter((kind_) => kind_ === "opened").length).toBeGreaterThan(0);
    });

    it("that a version before kept as one case is cut when the mirror is replayed: the case keeps its id and its beginning, what a person decided holds for all of it, and nobody is told", async () => {
      await bench.page("threats", daily(100));
      const [first, ...others] = await bench.cases();
      await bench.store.tx(async (tx) => {
        const group = first?.grp ?? 0;
        await sql`UPDATE case_members SET grp = ${group}`.execute(tx.db);
        await sql`DELETE FROM cases WHERE grp <> ${group}`.execute(tx.db);
        await sql`UPDATE cases SET last_at = ${NOW + 99 * DAY}, tally = ${JSON.stringify({ ...(JSON.parse(first?.tally ?? "{}") as object), members: 100, open: 100 })}, owner = 'mara'`.execute(tx.db);
        await sql`DELETE FROM case_entities WHERE grp <> ${group}`.execute(tx.db);
      });
      bench.told();
      await bench.rebuild();
      const cut = await bench.cases();
      expect(cut.map(({ title, first_at: from, last_at: to, open, owner }) => [title, from, to, open, owner])).toEqual([first, ...others].map((row) => [row?.title, row?.first_at, row?.last_at, 1, "mara"]));
      expect(cut[0]?.id).toBe(first?.id);
      expect(cut.map(({ tally }) => tally)).toEqual([first, ...others].map((row) => row?.tally));
      expect(told()).toEqual([]);
      await bench.rebuild();
      expect((await bench.cases()).map(({ id }) => id)).toEqual(cut.map(({ id }) => id));
    });
  });

  it("refuses a change that was made for another version, and changes nothing", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    const { id } = await bench.only();
    await bench.update(id, { status: "in-progress", version: 1 });
    const before = await bench.only();
    await expect(bench.update(id, { status: "resolved", version: 1 })).rejects.toMatchObject({ code: "CHANGED_SINCE" });
    expect(await bench.only()).toEqual(before);
    expect((await bench.update(id, { status: "in-progress", owner: null, verdict: "undefined" })).version).toBe(before.version);
  });

  it("opens nothing of a first read that is old or resolved, tells nothing of it, and opens it when somebody takes it up", async () => {
    await bench.firstRead("threats", [threat("old", NOW - 31 * DAY), threat("done", NOW - DAY, { status: "resolved" }), threat("fresh", NOW - 2 * DAY, { device: "D2" })]);
    expect((await bench.cases()).map(({ title, status }) => [title, status])).toEqual([["hash-old.exe on D1", "resolved"], ["hash-fresh.exe on D2", "new"], ["hash-done.exe on D1", "resolved"]]);
    expect(bench.queued.map(({ kind: of, body }) => [of, body["title"], body["firstRead"]])).toEqual([["cases.opened", "hash-fresh.exe on D2", true]]);
    bench.told();
    await bench.page("threats", [threat("late", NOW - 40 * DAY, { device: "D3" }), threat("old", NOW - 31 * DAY, { verdict: "suspicious", updated: NOW })]);
    expect(told()).toEqual([]);
    await bench.page("threats", [threat("old", NOW - 31 * DAY, { status: "in_progress", updated: NOW + 1 })]);
    expect(told()).toEqual(["reopened"]);
  });

  it("tells nothing when it is made from a mirror that was there before", async () => {
    await bench.page("threats", [threat("t1", NOW - DAY), threat("t2", NOW - 90 * DAY)]);
    const before = await picture(bench);
    await bench.store.tx(async (tx) => {
      for (const table of ["cases", "case_members", "case_links", "case_entities", "case_events"]) await sql`DELETE FROM ${sql.table(table)}`.execute(tx.db);
    });
    bench.told();
    await bench.rebuild();
    expect(told()).toEqual([]);
    expect((await picture(bench)).filter((one) => before.includes(one))).toHaveLength(1);
    expect((await bench.cases()).map(({ status }) => status)).toEqual(["resolved", "new"]);
  });

  it("takes alerts of a site that is given to another tenant along, tells that tenant of them, and leaves nothing behind that nobody worked on", async () => {
    await bench.page("threats", [threat("t1", NOW, { storyline: "S", site: "11" }), threat("t2", NOW + 1, { storyline: "S", site: "12", device: "D2" }), threat("t3", NOW, { site: "12", device: "D3", hash: "alone" })]);
    const before = await bench.cases();
    bench.queued.splice(0);
    await bench.reassign({ ...TARGET, siteTenants: new Map([["12", OTHER]]) }, "12");
    const after = await bench.cases();
    expect(after.map((row) => [row.tenant_id, row.title, row.open])).toEqual([[TEN, "hash-t1.exe on D1", 1], [OTHER, "alone.exe on D3", 1], [OTHER, "hash-t2.exe on D2", 1]]);
    expect(after.filter((row) => row.tenant_id === OTHER && before.some(({ id }) => id === row.id))).toEqual([]);
    expect(bench.queued.map(({ tenant, kind: of }) => `${tenant} ${of}`).toSorted()).toEqual([`${TEN} cases.resolved`, `${OTHER} cases.opened`, `${OTHER} cases.opened`]);
    expect(JSON.stringify(bench.queued.filter(({ tenant }) => tenant === OTHER))).not.toContain("D1");
  });

  it("keeps a case that a person worked on, closed, when its alerts leave", async () => {
    await bench.page("threats", [threat("t1", NOW)]);
    const { id } = await bench.only();
    await bench.update(id, { note: "called them" });
    await bench.reassign({ ...TARGET, siteTenants: new Map([["11", OTHER]]) }, "11");
    expect((await bench.cases()).map((row) => [row.tenant_id, row.status])).toEqual(expect.arrayContaining([[TEN, "resolved"], [OTHER, "new"]]));
    expect(await bench.timeline(id)).toEqual(["opened by vedette", "note by mara", "left by vedette", "resolved by vedette"]);
    await bench.reassign(TARGET, null);
    expect((await bench.cases()).map((row) => row.tenant_id)).toEqual([TEN, TEN]);
  });

  it("makes one case of what several connections read at the same moment", async () => {
    const connections = Array.from({ length: 4 }, (_, n) => ({ ...TARGET, connection: `con_${String(n)}` as typeof CON, tenant: n === 3 ? OTHER : TEN }));
    await Promise.all(connections.map((target, n) => bench.page("threats", Array.from({ length: 20 }, (_, record) => threat(`t${String(n)}-${String(record)}`, NOW + record, { storyline: "S", device: `D${String(n)}` })), { target })));
    expect((await bench.cases()).map((row) => `${row.tenant_id}: ${row.title}`).toSorted()).toEqual([`${TEN}: hash-t0-0.exe on 3 devices`, `${OTHER}: hash-t3-0.exe on D3`]);
    expect(bench.queued.filter(({ kind: of }) => of === "cases.merged")).toEqual([]);
  });

  it("counts and lets go of text that the store keeps in another way", async () => {
    const hostile = (updated: number, hash: string) => threat("t1", NOW, { name: "a\u0000b\ud800", hash, storyline: "s\u0000", device: "d\u0000", updated });
    await bench.page("threats", [hostile(NOW, "h1")]);
    await bench.page("threats", [hostile(NOW + 1, "h2")]);
    const { grp } = await bench.only();
    expect((await entitiesOf(bench.store.read, grp, ["device", "sha1"], 9)).items).toEqual([{ kind: "device", value: "d\ufffd", n: 1 }, { kind: "sha1", value: "h2", n: 1 }]);
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM case_links`.execute(bench.store.read);
    expect(Number(rows[0]?.n)).toBe(3);
  });

  it("keeps the case, its id and its silence where an asset turns out to be the person that the alert is about", async () => {
    await bench.page("alerts", [alert("a1", NOW, { device: "J.Orozco", user: "j.orozco" })]);
    const before = await bench.only();
    expect(JSON.parse(before.tally)).toMatchObject({ kinds: { device: 1, user: 1 } });
    bench.told();
    await bench.page("alerts", [alert("a1", NOW, { device: "J.Orozco", user: "j.orozco", category: "Identity", updated: NOW + 1 })]);
    const after = await bench.only();
    expect(after).toMatchObject({ id: before.id, version: before.version, title: "DCSync Attack Detected, j.orozco" });
    expect(JSON.parse(after.tally)).toMatchObject({ members: 1, kinds: { user: 1 } });
    expect(JSON.parse(after.tally)).not.toHaveProperty("kinds.device");
    expect((await entitiesOf(bench.store.read, after.grp, ["device", "user"], 9)).items).toEqual([{ kind: "user", value: "j.orozco", n: 1 }]);
    expect(told()).toEqual([]);
  });

  it("makes one case of an alert that two connections see", async () => {
    await bench.page("alerts", [alert("a1", NOW, { name: "x", device: "D1" })]);
    await bench.page("alerts", [alert("a1", NOW, { name: "x", device: "D1" })], { target: { ...TARGET, connection: `${CON}b` as typeof CON } });
    expect(await bench.only()).toMatchObject({ title: "x on D1" });
  });
});
