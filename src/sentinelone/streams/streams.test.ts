import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { STREAM_IDS, type StreamId } from "../../kernel/stream-ids.ts";
import { listing, testConsole, type Answer, type Asked, type TestConsole } from "../testing.ts";
import { STREAMS, streamOf } from "./index.ts";
import type { Page, ReadRequest, StreamIo } from "./stream.ts";

/** Files of this folder that are no stream. */
const HELPERS = ["alerts-query", "index", "inventory-position", "listing", "mapping", "stream", "time"];

const open: TestConsole[] = [];
afterEach(async () => {
  for (const console_ of open.splice(0)) await console_.close();
});

async function serving(answer: (asked: Asked) => Answer): Promise<{ readonly console_: TestConsole; readonly io: StreamIo }> {
  const console_ = await testConsole(answer);
  open.push(console_);
  return { console_, io: { client: console_.client, signal: new AbortController().signal, scopeParams: {}, limit: 1_000 } };
}

async function read(id: StreamId, request: ReadRequest, io: StreamIo): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of streamOf(id).read(request, io)) pages.push(page);
  return pages;
}

const ALL: ReadRequest = { kind: "snapshot", partition: { id: "all", params: {} }, cursor: null };
const REST = STREAMS.filter(({ id }) => id !== "alerts");

describe("the registry", () => {
  it("has one file for each stream and no other", () => {
    const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).map((name) => name.slice(0, -3));

    expect(files.filter((name) => !HELPERS.includes(name)).toSorted()).toEqual([...STREAM_IDS].toSorted());
    expect(STREAMS.map(({ id }) => id)).toEqual([...STREAM_IDS]);
  });

  it.each(STREAMS)("$id: its table begins with id, has each name once, and its passes and retention name columns of time", (stream) => {
    const names = stream.columns.map(({ name }) => name);
    const times = new Set(stream.columns.filter(({ type }) => type === "time").map(({ name }) => name));

    expect(names[0]).toBe("id");
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    for (const pass of stream.passes) expect(times).toContain(pass.column);
    if (stream.retentionColumn !== null) expect(times).toContain(stream.retentionColumn);
    expect(stream.needs.length).toBeGreaterThan(0);
    expect(stream.mode).toBe(stream.passes.length === 0 ? "snapshot" : "changes");
    expect(names.join(" ")).not.toMatch(/registration|passphrase|secret/);
  });
});

describe("what is asked", () => {
  it("agents: decommissioned and uninstalled ones too, by site where asked, in the order of ids", async () => {
    const { console_, io } = await serving(() => listing([]));
    await read("agents", { kind: "snapshot", partition: { id: "sites:0", params: { siteIds: "1,2" } }, cursor: "c" }, { ...io, scopeParams: { accountIds: "9", siteIds: "7" } });

    expect(Object.fromEntries(console_.asked[0]?.query ?? [])).toEqual({ isDecommissioned: "true,false", isUninstalled: "true,false", accountIds: "9", siteIds: "1,2", sortBy: "id", sortOrder: "asc", limit: "1000", cursor: "c" });
  });

  it.each([
    ["agents", "updated", "updatedAt", "updatedAt"],
    ["groups", "updated", "updatedAt", "updatedAt"],
    ["threats", "updated", "updatedAt", "updatedAt"],
    ["activities", "created", "createdAt", "createdAt"],
    ["cloud-detection-alerts", "created", "createdAt", "alertInfoCreatedAt"],
    ["cloud-detection-alerts", "reported", "reportedAt", "alertInfoReportedAt"],
    ["risks", "updated", "riskUpdatedDate", "id"],
  ] as const)("%s, %s pass: %s from and to inclusive, ascending by %s", async (id, passId, filter, sortBy) => {
    const { console_, io } = await serving(() => listing([]));
    const pass = streamOf(id).passes.find((entry) => entry.id === passId);
    if (pass === undefined) throw new Error("no such pass");
    const pages = await read(id, { kind: "changes", pass, from: "2026-03-02T08:00:00.000001Z", to: "2026-03-02T09:00:00.000000Z" }, io);
    const query = Object.fromEntries(console_.asked[0]?.query ?? []);

    expect(query).toMatchObject({ [`${filter}__gte`]: "2026-03-02T08:00:00.000001Z", [`${filter}__lte`]: "2026-03-02T09:00:00.000000Z", sortBy, sortOrder: "asc" });
    expect(pages.map(({ state }) => state)).toEqual(["caught-up"]);
  });

  it("risks that are gone and hidden activities are asked for too", async () => {
    const { console_, io } = await serving(() => listing([]));
    await read("risks", ALL, io);
    await read("activities", ALL, io);

    expect(console_.asked.map(({ query }) => [query.get("includeRemovals"), query.get("includeHidden")])).toEqual([["true", null], [null, "true"]]);
  });

  it.each(REST.filter(({ id }) => id !== "applications"))("$id: a count asks the same listing for its number", async ({ id }) => {
    const { console_, io } = await serving(() => listing([], null, 42));

    expect(await streamOf(id).count({ id: "all", params: {} }, io)).toBe(42);
    expect(console_.asked[0]?.path).toBe(streamOf(id).endpoint);
    expect(console_.asked[0]?.query.get("countOnly")).toBe("true");
  });

  it.each(REST)("$id: a probe is one request for one record, and a refusal comes out as permission", async ({ id }) => {
    const good = await serving(() => (id === "sites" ? { body: { data: { sites: [] }, pagination: { nextCursor: "more", totalItems: 9 } } } : listing([{ id: "1" }], "more")));
    const bad = await serving(() => ({ status: 403, body: { errors: [{ code: 4030010 }] } }));
    await streamOf(id).probe(good.io);

    expect(good.console_.asked.map(({ query }) => query.get("limit"))).toEqual(["1"]);
    await expect(streamOf(id).probe(bad.io)).rejects.toMatchObject({ kind: "permission" });
  });

  it("the newest time is asked for in one request, descending", async () => {
    const { console_, io } = await serving(() => listing([{ id: "1", updatedAt: "2026-03-02T08:00:00Z" }], "more"));
    const [pass] = streamOf("agents").passes;
    if (pass === undefined) throw new Error("no pass");

    expect(await streamOf("agents").latest(pass, io)).toBe("2026-03-02T08:00:00.000000Z");
    expect(console_.asked.map(({ query }) => [query.get("sortBy"), query.get("sortOrder"), query.get("limit")])).toEqual([["updatedAt", "desc", "1"]]);
  });

  it("where the console cannot sort by a time, its own clock less a margin stands for the newest", async () => {
    const { io } = await serving(() => ({ ...listing([{ id: "1" }]), headers: { date: "Mon, 02 Mar 2026 08:00:00 GMT" } }));
    const [pass] = streamOf("risks").passes;
    if (pass === undefined) throw new Error("no pass");

    expect(await streamOf("risks").latest(pass, io)).toMatch(/^2026-03-02T07:5[45]:\d\d\.\d{6}Z$/);
  });
});

describe("pages", () => {
  it("say more until the last, which completes the snapshot; a record that cannot be read is rejected by name", async () => {
    const { io } = await serving(({ query }) => (query.has("cursor") ? listing([{ id: "2" }], null, 3) : listing([{ id: "1" }, { id: "" }], "next", 3)));
    const pages = await read("agents", ALL, io);

    expect(pages.map(({ state, cursor, total, records, rejected }) => [state, cursor, total, records.length, rejected.length])).toEqual([["more", "next", 3, 1, 1], ["complete", null, 3, 1, 0]]);
  });

  it("a site's row belongs to the site itself, an agent's to its site and itself", async () => {
    expect(streamOf("sites").map({ value: { id: "5" }, raw: "{}" })).toMatchObject({ siteId: "5" });
    expect(streamOf("agents").map({ value: { id: "1", siteId: "5" }, raw: "{}" })).toMatchObject({ siteId: "5", agentId: "1" });
    expect(streamOf("risks").map({ value: { id: "1", endpointId: "9" }, raw: "{}" })).toMatchObject({ agentId: "9" });
  });
});

describe("roles", () => {
  const pages = [{ name: "Endpoints", identifier: "agents", permissions: [{ identifier: "view", value: true }, { identifier: "shutdown", value: false }] }, { name: "Threats", permissions: [{ identifier: "view", value: true }] }];

  it("carry the permissions granted, one request each; a role that may not be opened has none", async () => {
    const { console_, io } = await serving(({ path }) => {
      if (path === "/rbac/roles") return listing([{ id: "1", name: "Viewer" }, { id: "2", name: "Custom" }, { id: "3", name: "Gone" }]);
      if (path === "/rbac/role/1") return { body: { data: { id: "1", pages } } };
      return { status: path === "/rbac/role/2" ? 403 : 404, body: { errors: [{ code: 4030010 }] } };
    });
    const [page] = await read("roles", ALL, io);
    const at = streamOf("roles").columns.findIndex(({ name }) => name === "permissions");

    expect(page?.records.map(({ values }) => values[at])).toEqual(['["Endpoints.view","Threats.view"]', null, null]);
    expect(JSON.parse(page?.records[0]?.raw ?? "{}")).toMatchObject({ pages });
    expect(console_.asked).toHaveLength(4);
  });

  it("a server error on one role is no role without permissions", async () => {
    const { io } = await serving(({ path }) => (path === "/rbac/roles" ? listing([{ id: "1" }]) : { status: 500 }));

    await expect(read("roles", ALL, io)).rejects.toMatchObject({ code: "S1_SERVER_ERROR" });
  });
});

describe("applications", () => {
  const APPS = ["a", "b", "c"].map((name) => ({ applicationName: name, applicationVendor: `V-${name}` }));
  const answer = ({ path, query }: Asked): Answer => {
    if (path === "/application-management/inventory") return listing(APPS);
    const app = query.get("applicationName") ?? "";
    const at = Number(query.get("cursor") ?? 0);
    return listing([{ id: `${app}${at}`, applicationName: app }], at < 2 ? String(at + 1) : null, 3);
  };

  it("read every application's endpoints, add the vendor, and fill pages", async () => {
    const { console_, io } = await serving(answer);
    const pages = await read("applications", ALL, { ...io, limit: 4 });

    expect(pages.flatMap(({ records }) => records.map(({ id }) => id))).toEqual(["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]);
    expect(pages.map(({ records, state }) => [records.length, state])).toEqual([[4, "more"], [4, "more"], [1, "complete"]]);
    expect(pages[0]?.records[0]?.raw).toBe('{"applicationVendor":"V-a","id":"a0","applicationName":"a"}');
    expect(console_.asked).toHaveLength(10);
  });

  it("go on from any page's cursor without missing or repeating a row", async () => {
    const { io } = await serving(answer);
    const small = { ...io, limit: 2 };
    const whole = await read("applications", ALL, small);
    for (let at = 0; at + 1 < whole.length; at += 1) {
      const rest = await read("applications", { kind: "snapshot", partition: { id: "all", params: {} }, cursor: whole[at]?.cursor ?? null }, small);
      const ids = [...whole.slice(0, at + 1), ...rest].flatMap(({ records }) => records.map(({ id }) => id));

      expect(ids).toEqual(whole.flatMap(({ records }) => records.map(({ id }) => id)));
    }
  });

  it("an application without a vendor is asked for with an empty one, and gets none", async () => {
    const unknown = [{ applicationName: "a" }, { applicationName: "b", applicationVendor: null }, { applicationName: "c", applicationVendor: "" }];
    const { console_, io } = await serving((asked) => (asked.path === "/application-management/inventory" ? listing(unknown) : answer(asked)));
    const [page] = await read("applications", ALL, io);

    expect(page?.records.length).toBe(9);
    expect(page?.rejected).toEqual([]);
    expect(console_.asked.slice(1).map(({ query }) => query.get("applicationVendor"))).toEqual(Array.from({ length: 9 }, () => ""));
    expect(page?.records[0]?.raw).toBe('{"id":"a0","applicationName":"a"}');
  });

  it("an application whose endpoints the console refuses to name, and one without a name, are set aside with the reason; the rest is read", async () => {
    const listed = [{ applicationName: "a", applicationVendor: "V-a" }, { applicationName: "b" }, { applicationVendor: "V-x" }, { applicationName: "c", applicationVendor: "V-c" }];
    const { io } = await serving((asked) => {
      if (asked.path === "/application-management/inventory") return listing(listed);
      return asked.query.get("applicationVendor") === "" ? { status: 400, body: { errors: [{ code: 4000040 }] } } : answer(asked);
    });
    const pages = await read("applications", ALL, { ...io, limit: 2 });

    expect(pages.flatMap(({ records }) => records.map(({ id }) => id))).toEqual(["a0", "a1", "a2", "c0", "c1", "c2"]);
    expect(pages.flatMap(({ rejected }) => rejected)).toEqual([
      { id: null, code: "RECORD_INVALID", reason: "the console lists this application but refuses (400) to name its endpoints; it has no vendor", raw: '{"applicationName":"b"}' },
      { id: null, code: "RECORD_INVALID", reason: "applicationName: missing, and without it the endpoints cannot be asked for", raw: '{"applicationVendor":"V-x"}' },
    ]);
  });

  it("a cursor of other origin is refused, not read from the start", async () => {
    const { io } = await serving(answer);

    await expect(read("applications", { kind: "snapshot", partition: { id: "all", params: {} }, cursor: "bm9uc2Vuc2U" }, io)).rejects.toMatchObject({ code: "S1_CURSOR_REFUSED" });
  });
});

describe("alerts", () => {
  interface Sent {
    readonly operationName: string;
    readonly variables: { readonly filters: unknown; readonly sort: unknown; readonly scope: unknown; readonly first: number; readonly ids: string[] };
  }
  const node = { id: "u-1", updatedAt: "2026-03-02T08:30:06.000Z", detectionSource: { product: "Identity" }, assets: [{ name: "second", primary: false }, { name: "first", primary: true }], detectionTime: { scope: { siteId: "11", siteName: "Lyon" } } };
  const answer = ({ body }: Asked): Answer =>
    (JSON.parse(body) as Sent).operationName === "AlertsRawData"
      ? { body: { data: { alertsRawData: [{ alertId: "u-1", rawData: { severity_id: 4 } }] } } }
      : { body: { data: { alerts: { totalCount: 7, pageInfo: { hasNextPage: false, endCursor: null }, edges: [{ node }] } } } };

  it("come with their details, the primary asset, and the scope at detection where the present one is missing", async () => {
    const { console_, io } = await serving(answer);
    const [pass] = streamOf("alerts").passes;
    if (pass === undefined) throw new Error("no pass");
    const [page] = await read("alerts", { kind: "changes", pass, from: "2026-03-02T08:00:00.000000Z", to: null }, { ...io, scopeParams: { siteIds: "11,12" } });
    const row = Object.fromEntries(streamOf("alerts").columns.map(({ name }, at) => [name, page?.records[0]?.values[at]]));

    expect(row).toMatchObject({ id: "u-1", product: "Identity", asset_name: "first", site_id: "11", updated_at: "2026-03-02T08:30:06.000000Z", raw_data: '{"severity_id":4}' });
    expect(page).toMatchObject({ state: "caught-up", total: 7 });
    expect((JSON.parse(console_.asked[0]?.body ?? "{}") as Sent).variables).toMatchObject({
      filters: [{ fieldId: "updatedAt", dateTimeRange: { start: Date.UTC(2026, 2, 2, 8), end: null, startInclusive: true } }],
      sort: { by: "updatedAt", order: "ASC" },
      scope: { scopeType: "SITE", scopeIds: ["11", "12"] },
      first: 1_000,
    });
    expect((JSON.parse(console_.asked[1]?.body ?? "{}") as Sent).variables.ids).toEqual(["u-1"]);
  });

  it("what the answer for rawData leaves out is asked for once more", async () => {
    const asked: string[][] = [];
    const { io } = await serving((request) => {
      const { operationName, variables } = JSON.parse(request.body) as Sent;
      if (operationName !== "AlertsRawData") return { body: { data: { alerts: { totalCount: 2, pageInfo: { hasNextPage: false, endCursor: null }, edges: ["u-1", "u-2", "u-3"].map((id) => ({ node: { ...node, id } })) } } } };
      asked.push(variables.ids);
      const answered = variables.ids.filter((id) => id === "u-1" || (asked.length > 1 && id === "u-2"));
      return { body: { data: { alertsRawData: answered.map((alertId) => ({ alertId, rawData: { of: alertId } })) } } };
    });
    const [page] = await read("alerts", ALL, io);
    const at = streamOf("alerts").columns.findIndex(({ name }) => name === "raw_data");

    expect(asked).toEqual([["u-1", "u-2", "u-3"], ["u-2", "u-3"]]);
    expect(page?.records.map(({ values }) => values[at])).toEqual(['{"of":"u-1"}', '{"of":"u-2"}', null]);
    expect(page?.records.map(({ raw }) => (JSON.parse(raw) as { readonly rawData: unknown }).rawData)).toEqual([{ of: "u-1" }, { of: "u-2" }, null]);
    const [whole, , without] = page?.records.map(({ version }) => version) ?? [];
    expect(whole).toBe("2026-03-02T08:30:06.000000Z");
    expect(without !== undefined && whole !== undefined && without < whole && without > "2026-03-02T08:30:05.999999Z").toBe(true);
  });

  it("count and probe with one request and no details", async () => {
    const { console_, io } = await serving(answer);

    expect(await streamOf("alerts").count({ id: "all", params: {} }, io)).toBe(7);
    await streamOf("alerts").probe(io);
    expect(console_.asked).toHaveLength(2);
  });
});
