import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import type { NewConnection } from "./connections.ts";
import { LOG_LINES_KEPT } from "./log-lines.ts";
import { tables } from "./tables.ts";
import { openBench, ORIGIN, refusedReport, report, START, type Bench } from "./test-bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const signal = new AbortController().signal;

async function add(token: string, draft: Partial<NewConnection> = {}) {
  return bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret(token), ...draft }, signal, bench.record);
}

async function secrets(): Promise<number> {
  return (await tables(bench.store.read).selectFrom("secrets").select("id").execute()).length;
}

describe("adding", () => {
  it("verifies, then saves connection, sealed token, log and audit together, named after the host", async () => {
    const { connection } = await add("t");

    expect(connection).toMatchObject({ name: "usea1-011", url: ORIGIN, state: "Connected", streams: ["agents", "threats"], fault: null });
    expect(await secrets()).toBe(1);
    expect(bench.recorded).toMatchObject([{ subject: connection.id, tenant: "ten_default" }]);
    expect((await bench.connections.log(EVERY_TENANT, connection.id, 10)).map((line) => line.event)).toEqual(["connection.added"]);
    expect(bench.changes).toEqual([[connection.id, "added"]]);
  });

  it("never saves a token that the console refuses, and says where to make another in both layouts", async () => {
    bench.answers.set("bad", refusedReport());

    const failure = (await add("bad").catch((error: unknown) => error)) as Fault;

    expect(failure.code).toBe("S1_TOKEN_REJECTED");
    expect(failure.cure).toContain("Classic layout");
    expect(failure.cure).toContain("Singularity Operations Center");
    expect([await bench.connections.list(EVERY_TENANT), await secrets(), bench.recorded]).toEqual([[], 0, []]);
  });

  it("does not call a token refused because the console could not be reached", async () => {
    bench.answers.set("t", report({ ok: false, streams: [], lines: [{ check: "reachable", outcome: "failed", message: "No answer.", cure: "Check the network." }] }));

    await expect(add("t")).rejects.toMatchObject({ code: "S1_UNREACHABLE", cure: "Nothing was saved. Check the network." });
  });

  it("saves nothing when the audit line cannot be written", async () => {
    const broken = bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret("t") }, signal, () => Promise.reject(new Error("disk")));

    await expect(broken).rejects.toThrow("disk");
    expect([await bench.connections.list(EVERY_TENANT), await secrets()]).toEqual([[], 0]);
  });

  it("warns of a second connection to the same console with the same scope, and gives it a free name", async () => {
    await add("a");
    const second = await add("b");
    bench.answers.set("c", report({ scope: { level: "account", ids: ["7"], names: ["Other"], fingerprint: "account:7" } }));
    const third = await add("c");
    bench.answers.set("d", report({ scope: { level: "site", ids: ["11"], names: ["Lyon"], fingerprint: "site:11" } }));
    const site = await add("d");

    expect(second.connection.name).toBe("usea1-011-2");
    expect(second.warnings).toHaveLength(1);
    expect(third.warnings).toEqual([]);
    expect(site.warnings).toHaveLength(3);
    expect(site.warnings[0]).toContain("should the site be a part of the account");
  });

  it("refuses a taken name within a tenant and allows it in another", async () => {
    const other = await bench.tenants.create(EVERY_TENANT, "other", bench.record);
    await add("a", { name: "emea" });

    await expect(add("b", { name: "emea" })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await add("b", { name: "emea", tenant: "other" })).connection.tenant).toBe(other.id);
    await expect(bench.connections.get(EVERY_TENANT, "emea")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect((await bench.connections.get(onlyTenants(other.id as TenantId), "emea")).tenant).toBe(other.id);
  });

  for (const [what, draft] of Object.entries({
    "an empty name": { name: "  " },
    "a name with a terminal escape": { name: "a\u001b[31m" },
    "a name that reads like an id": { name: "con_1" },
    "a name with a bidi override": { name: "a\u202eb" },
    "an owner that is no address": { owners: ["nobody"] },
    "an owner that carries a header": { owners: ["a@b.c\r\nBcc: x@y.z"] },
    "a label key with blanks": { labels: { "a b": "c" } },
    "a label value with a line break": { labels: { a: "b\nc" } },
    "a host outside the vendor's": { url: "https://evil.example" },
    "a tenant that is not there": { tenant: "nobody" },
  } satisfies Record<string, Partial<NewConnection>>)) {
    it(`refuses ${what} before asking the console`, async () => {
      bench.answers.set("t", new Fault("INTERNAL", "the console was asked"));

      await expect(add("t", draft)).rejects.not.toMatchObject({ code: "INTERNAL" });
    });
  }

  it("reads what the probe could not tell about, but no accounts for a token of sites", async () => {
    const unsure = { readable: false, missingPermission: null, message: "timeout" } as const;
    bench.answers.set("t", report({ scope: { level: "site", ids: ["7"], names: ["S"], fingerprint: "site:7" }, streams: [{ stream: "agents", readable: true, missingPermission: null, message: "" }, { stream: "accounts", ...unsure }, { stream: "groups", ...unsure }] }));

    expect((await add("t")).connection.streams).toEqual(["agents", "groups"]);
  });
});

describe("seeing", () => {
  it("shows another tenant's connection exactly as one that is not there", async () => {
    const { connection } = await add("a");
    const stranger = onlyTenants("ten_x" as TenantId);
    const messages = [];
    for (const reference of [connection.id, connection.name, "con_absent"]) {
      for (const ask of [
        () => bench.connections.get(stranger, reference),
        () => bench.connections.update(stranger, reference, { name: "x" }, bench.record),
        () => bench.connections.setPaused(stranger, reference, true, bench.record),
        () => bench.connections.verify(stranger, reference, false, signal, bench.record),
        () => bench.connections.rotate(stranger, reference, new Secret("b"), true, signal, bench.record),
        () => bench.connections.remove(stranger, reference, bench.record),
        () => bench.connections.log(stranger, reference, 5),
      ]) {
        messages.push(JSON.stringify((await ask().catch((error: unknown) => error)) as Fault));
      }
    }
    expect(new Set(messages).size).toBe(1);
    expect(messages[0]).toContain("NOT_FOUND");
  });
});

describe("changing", () => {
  it("changes what is named and leaves the rest", async () => {
    const { connection } = await add("a", { labels: { env: "prod" } });

    const after = await bench.connections.update(EVERY_TENANT, connection.name, { name: "emea", owners: ["Ana@acme.example"], streams: ["agents"] }, bench.record);

    expect(after).toMatchObject({ name: "emea", labels: { env: "prod" }, owners: ["Ana@acme.example"], streams: ["agents"] });
    expect((await bench.connections.update(EVERY_TENANT, "emea", { streams: null }, bench.record)).streams).toEqual(["agents", "threats"]);
  });

  it("pauses and resumes, and does so twice without a second log line", async () => {
    const { connection } = await add("a");
    await bench.connections.setPaused(EVERY_TENANT, connection.id, true, bench.record);
    const paused = await bench.connections.setPaused(EVERY_TENANT, connection.id, true, bench.record);
    const resumed = await bench.connections.setPaused(EVERY_TENANT, connection.id, false, bench.record);

    expect([paused.state, resumed.state]).toEqual(["Paused", "Connected"]);
    expect((await bench.connections.log(EVERY_TENANT, connection.id, 10)).map((line) => line.event)).toEqual(["connection.added", "connection.paused", "connection.resumed"]);
  });
});

describe("verifying again", () => {
  it("asks for attention when the scope has changed, until it is accepted", async () => {
    const { connection } = await add("a");
    bench.answers.set("a", report({ scope: { level: "site", ids: ["7"], names: ["S"], fingerprint: "site:7" } }));

    await bench.connections.verify(EVERY_TENANT, connection.id, false, signal, bench.record);
    const worried = await bench.connections.get(EVERY_TENANT, connection.id);
    await bench.connections.reportHealthy(connection.id as ConnectionId);
    const stillWorried = await bench.connections.get(EVERY_TENANT, connection.id);
    const before = await bench.connections.readableOne(connection.id as ConnectionId);
    await bench.connections.verify(EVERY_TENANT, connection.id, true, signal, bench.record);

    expect([worried.state, worried.fault?.code, stillWorried.state]).toEqual(["Needs attention", "S1_SCOPE_CHANGED", "Needs attention"]);
    expect(before?.scopeFingerprint).toBe("account:10");
    expect((await bench.connections.get(EVERY_TENANT, connection.id)).state).toBe("Connected");
    expect((await bench.connections.readableOne(connection.id as ConnectionId))?.scopeFingerprint).toBe("site:7");
  });

  it("a scope that went and came back needs nobody", async () => {
    const { connection } = await add("a");
    const id = connection.id as ConnectionId;
    await bench.connections.reportFault(id, "agents", new Fault("S1_SCOPE_CHANGED", "Less is seen."));
    await bench.connections.reportHealthy(id, "agents");
    const worried = (await bench.connections.get(EVERY_TENANT, id)).state;

    await bench.connections.reportScopeAgrees(id);

    expect([worried, (await bench.connections.get(EVERY_TENANT, id)).state]).toEqual(["Needs attention", "Connected"]);
  });

  it("keeps the known scope when the console does not tell it", async () => {
    const { connection } = await add("a");
    bench.answers.set("a", report({ scope: { level: "unknown", ids: [], names: [], fingerprint: "?" } }));

    await bench.connections.verify(EVERY_TENANT, connection.id, false, signal, bench.record);

    expect((await bench.connections.readableOne(connection.id as ConnectionId))?.scopeFingerprint).toBe("account:10");
    expect((await bench.connections.get(EVERY_TENANT, connection.id)).state).toBe("Connected");
  });

  it("says Verifying while it asks", async () => {
    const { connection } = await add("a");
    let during: string | undefined;
    const { verify } = bench.rules;
    Object.assign(bench.rules, {
      verify: async (...args: Parameters<typeof verify>) => {
        during = (await bench.connections.get(EVERY_TENANT, connection.id)).state;
        return verify(...args);
      },
    });

    await bench.connections.verify(EVERY_TENANT, connection.id, false, signal, bench.record);

    expect(during).toBe("Verifying");
  });

  it("stops on a refused token and clears that with an accepted one", async () => {
    const { connection } = await add("a");
    bench.answers.set("a", refusedReport());
    await bench.connections.verify(EVERY_TENANT, connection.id, false, signal, bench.record);
    const stopped = await bench.connections.readableOne(connection.id as ConnectionId);
    bench.answers.delete("a");
    await bench.connections.verify(EVERY_TENANT, connection.id, false, signal, bench.record);

    expect(stopped?.credentialFault).toBe(true);
    expect(stopped?.streams).toEqual(["agents", "threats"]);
    expect((await bench.connections.readableOne(connection.id as ConnectionId))?.credentialFault).toBe(false);
  });
});

describe("rotating a token", () => {
  it("verifies the new one before the old one is let go, and clears the refusal", async () => {
    const { connection } = await add("old");
    const id = connection.id as ConnectionId;
    bench.answers.set("bad", refusedReport());
    await bench.connections.reportFault(id, "agents", new Fault("S1_TOKEN_REJECTED", "401"));

    await expect(bench.connections.rotate(EVERY_TENANT, id, new Secret("bad"), true, signal, bench.record)).rejects.toMatchObject({ code: "S1_TOKEN_REJECTED" });
    expect((await bench.connections.credentials(id)).token.reveal()).toBe("old");
    const after = await bench.connections.rotate(EVERY_TENANT, id, new Secret("new"), false, signal, bench.record);

    expect([after.state, after.fault]).toEqual(["Connected", null]);
    expect((await bench.connections.credentials(id)).token.reveal()).toBe("new");
    expect(bench.changes.at(-1)).toEqual([id, "token"]);
  });

  it("refuses a narrower, a different and a poorer token unless forced, and keeps the old one", async () => {
    const { connection } = await add("old");
    const id = connection.id as ConnectionId;
    const before = report();
    bench.answers.set("site", report({ scope: { level: "account", ids: [], names: [], fingerprint: "none" } }));
    bench.answers.set("elsewhere", report({ scope: { level: "account", ids: ["99"], names: ["Z"], fingerprint: "account:99" } }));
    bench.answers.set("poor", report({ streams: before.streams.slice(0, 1) }));
    for (const [token, code] of [["site", "S1_SCOPE_CHANGED"], ["elsewhere", "S1_SCOPE_CHANGED"], ["poor", "S1_FORBIDDEN"]] as const) {
      await expect(bench.connections.rotate(EVERY_TENANT, id, new Secret(token), false, signal, bench.record)).rejects.toMatchObject({ code });
      expect((await bench.connections.credentials(id)).token.reveal()).toBe("old");
    }

    await bench.connections.rotate(EVERY_TENANT, id, new Secret("elsewhere"), true, signal, bench.record);
    expect((await bench.connections.readableOne(id))?.scopeFingerprint).toBe("account:99");
  });

  it("takes a wider token without being forced", async () => {
    const { connection } = await add("old");
    bench.answers.set("global", report({ scope: { level: "global", ids: [], names: [], fingerprint: "global" } }));

    expect((await bench.connections.rotate(EVERY_TENANT, connection.id, new Secret("global"), false, signal, bench.record)).scope?.level).toBe("global");
  });
});

describe("removing", () => {
  it("destroys the token at once, frees the name, and forgets the rest when the mirror is empty", async () => {
    const { connection } = await add("a", { name: "emea" });
    const id = await bench.connections.remove(EVERY_TENANT, "emea", bench.record);

    expect([await secrets(), await bench.connections.list(EVERY_TENANT), await bench.connections.erasable()]).toEqual([0, [], [connection.id]]);
    await add("b", { name: "emea" });
    await bench.store.tx((tx) => bench.connections.finishErase(tx, id));
    expect(await bench.connections.erasable()).toEqual([]);
    expect(await bench.connections.list(EVERY_TENANT)).toHaveLength(1);
  });

  it("never forgets a connection that was not removed", async () => {
    const { connection } = await add("a");
    await bench.store.tx((tx) => bench.connections.finishErase(tx, connection.id as ConnectionId));

    expect(await bench.connections.list(EVERY_TENANT)).toHaveLength(1);
  });
});

describe("what the reader reports", () => {
  it("stops only the connection whose token is refused, and says how to make a new one", async () => {
    const one = (await add("a")).connection.id as ConnectionId;
    const two = (await add("b")).connection.id as ConnectionId;
    await bench.connections.reportFault(one, "threats", new Fault("S1_TOKEN_REJECTED", "SentinelOne answered 401."));

    const [first, second] = await Promise.all([bench.connections.readableOne(one), bench.connections.readableOne(two)]);
    const view = await bench.connections.get(EVERY_TENANT, one);
    expect([first?.credentialFault, second?.credentialFault]).toEqual([true, false]);
    expect([view.state, view.fault?.code]).toEqual(["Needs attention", "S1_TOKEN_REJECTED"]);
    expect(view.fault?.cure).toContain("Singularity Operations Center");
  });

  it("names an expired token as expired", async () => {
    const id = (await add("a")).connection.id as ConnectionId;
    bench.time.now = Date.parse("2027-01-02T00:00:00Z");
    await bench.connections.reportFault(id, null, new Fault("S1_TOKEN_REJECTED", "401"));

    expect((await bench.connections.get(EVERY_TENANT, id)).fault?.code).toBe("S1_TOKEN_EXPIRED");
  });

  it("does not bother people with an outage that is short, and does with one that lasts", async () => {
    const id = (await add("a")).connection.id as ConnectionId;
    const outage = new Fault("S1_UNREACHABLE", "No answer.");
    await bench.connections.reportFault(id, "agents", outage);
    const early = (await bench.connections.get(EVERY_TENANT, id)).state;
    bench.time.now = START + 16 * 60_000;
    await bench.connections.reportFault(id, "agents", outage);
    const late = (await bench.connections.get(EVERY_TENANT, id)).state;
    await bench.connections.reportHealthy(id, "agents");

    expect([early, late, (await bench.connections.get(EVERY_TENANT, id)).state]).toEqual(["Connected", "Needs attention", "Connected"]);
    expect((await bench.connections.log(EVERY_TENANT, id, 10)).map((line) => line.event)).toEqual(["connection.added", "reading.fault", "reading.recovered"]);
  });

  it("keeps a refused token as the reason whatever else goes wrong after it", async () => {
    const id = (await add("a")).connection.id as ConnectionId;
    await bench.connections.reportFault(id, null, new Fault("S1_TOKEN_REJECTED", "401"));
    await bench.connections.reportFault(id, null, new Fault("S1_UNREACHABLE", "No answer."));

    expect((await bench.connections.get(EVERY_TENANT, id)).fault?.code).toBe("S1_TOKEN_REJECTED");
  });

  it("is Syncing while a first read is under way", async () => {
    const id = (await add("a")).connection.id as ConnectionId;
    await bench.connections.reportSyncing(id, true);
    const during = (await bench.connections.get(EVERY_TENANT, id)).state;
    await bench.connections.reportSyncing(id, false);

    expect([during, (await bench.connections.get(EVERY_TENANT, id)).state]).toEqual(["Syncing", "Connected"]);
  });

  it("ignores what concerns a connection that is gone", async () => {
    const id = (await add("a")).connection.id as ConnectionId;
    await bench.connections.remove(EVERY_TENANT, id, bench.record);

    await bench.connections.reportFault(id, null, new Fault("S1_UNREACHABLE", "No answer."));
    await bench.connections.reportFault("con_never" as ConnectionId, null, new Fault("S1_UNREACHABLE", "No answer."));
    expect(await tables(bench.store.read).selectFrom("connection_faults").selectAll().execute()).toEqual([]);
  });

  it("keeps the log bounded", async () => {
    const id = (await add("a")).connection.id;
    for (let number = 0; number < LOG_LINES_KEPT + 5; number += 1) await bench.connections.appendTo(EVERY_TENANT, id, { level: "info", event: "x.y", message: String(number) });

    const lines = await bench.connections.log(EVERY_TENANT, id, 10_000);
    expect([lines.length, lines.at(-1)?.message]).toEqual([LOG_LINES_KEPT, String(LOG_LINES_KEPT + 4)]);
  });
});

describe("looking", () => {
  it("gives connections a page at a time by name, with one name twice where two tenants have it, and narrows them by text and state", async () => {
    const other = (await bench.tenants.create(EVERY_TENANT, "Orchard", bench.record)).id as TenantId;
    for (const name of ["delta", "alpha", "charlie"]) await add(`t-${name}`, { name });
    await add("t-other", { name: "alpha", tenant: other, description: "The branch in Lisbon" });
    await bench.connections.setPaused(EVERY_TENANT, "delta", true, bench.record);
    const walk = async (asked: Parameters<typeof bench.connections.page>[1], scope = EVERY_TENANT): Promise<string[]> => {
      const names: string[] = [];
      for (let after: string | undefined, more = true; more; ) {
        const page = await bench.connections.page(scope, { ...asked, limit: 1, ...(after === undefined ? {} : { after }) });
        names.push(...page.items.map(({ name, tenant }) => `${name} ${tenant === other ? "theirs" : "ours"}`));
        after = page.next ?? undefined;
        more = page.next !== null;
      }
      return names;
    };

    expect((await walk({})).toSorted()).toEqual(["alpha ours", "alpha theirs", "charlie ours", "delta ours"]);
    expect((await walk({})).map((line) => line.split(" ")[0])).toEqual(["alpha", "alpha", "charlie", "delta"]);
    expect(await walk({}, onlyTenants(other))).toEqual(["alpha theirs"]);
    expect(await walk({ text: "LISBON" })).toEqual(["alpha theirs"]);
    expect(await walk({ state: "Paused" })).toEqual(["delta ours"]);
    await expect(bench.connections.page(EVERY_TENANT, { after: "[1]" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("says of all at once how they are, as each says of itself", async () => {
    await add("a", { name: "alpha" });
    await add("b", { name: "bravo" });
    await bench.connections.setPaused(EVERY_TENANT, "bravo", true, bench.record);
    const { items } = await bench.connections.page(EVERY_TENANT);

    expect(await bench.connections.standings(EVERY_TENANT)).toEqual(items.map(({ id, name, tenant, state, fault, token: { expiresAt, daysLeft } }) => ({ id, name, tenant, state, fault, token: { expiresAt, daysLeft } })));
  });
});
