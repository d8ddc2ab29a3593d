import { afterEach, describe, expect, it } from "vitest";
import type { ListPage } from "./client.ts";
import { listing, testConsole, type Answer, type Asked, type TestConsole } from "./testing.ts";

const open: TestConsole[] = [];
afterEach(async () => {
  for (const console_ of open.splice(0)) await console_.close();
});

async function serving(answer: (asked: Asked) => Answer, options: Parameters<typeof testConsole>[1] = {}): Promise<TestConsole> {
  const made = await testConsole(answer, options);
  open.push(made);
  return made;
}

const signal = new AbortController().signal;

async function list(console_: TestConsole, path = "/agents"): Promise<ListPage[]> {
  const pages: ListPage[] = [];
  for await (const page of console_.client.list(path, { sortBy: "id" }, { limit: 1_000, signal })) {
    pages.push({ ...page, records: page.records.map(({ raw, value }) => ({ raw, value })) });
  }
  return pages;
}

const HTML = "<html><h1>429 Too Many Requests</h1></html>";
const PAGE = { nextCursor: null, totalItems: 1 };

/** What an answer is, what it must be called, and whether it is worth asking again. */
const WRONG: readonly (readonly [string, Answer, string, "again" | "once"])[] = [
  ["401", { status: 401, body: { errors: [{ code: 4010010, detail: null, title: "Authentication Failed" }] } }, "S1_TOKEN_REJECTED", "once"],
  ["403", { status: 403, body: { errors: [{ code: 4030010, detail: null, title: "Insufficient permissions" }] } }, "S1_FORBIDDEN", "once"],
  ["404", { status: 404, body: { errors: [{ code: 4040010, detail: "", title: "Requested resource was not found" }] } }, "S1_NOT_FOUND", "once"],
  ["404 as text", { status: 404, body: "404 page not found" }, "S1_NOT_FOUND", "once"],
  ["400", { status: 400, body: { errors: [{ code: 4000040, detail: "x: Unknown field", title: "Bad Request" }] } }, "S1_BAD_REQUEST", "once"],
  ["429 as HTML", { status: 429, body: HTML }, "S1_RATE_LIMITED", "again"],
  ["500", { status: 500, body: { errors: [{ code: 5000010, title: "Internal server error" }] } }, "S1_SERVER_ERROR", "again"],
  ["502 as HTML", { status: 502, body: "<html>Bad Gateway</html>" }, "S1_SERVER_ERROR", "again"],
  ["503", { status: 503 }, "S1_SERVER_ERROR", "again"],
  ["504", { status: 504 }, "S1_SERVER_ERROR", "again"],
  ["501", { status: 501, body: { errors: [{ code: 5010010, title: "Not supported" }] } }, "S1_UNEXPECTED_STATUS", "once"],
  ["a redirect", { status: 302, headers: { location: "https://evil.example/" } }, "S1_UNEXPECTED_STATUS", "once"],
  ["204", { status: 204 }, "S1_UNEXPECTED_STATUS", "once"],
  ["206", { status: 206, body: { data: [], pagination: PAGE } }, "S1_UNEXPECTED_STATUS", "once"],
  ["418", { status: 418 }, "S1_UNEXPECTED_STATUS", "once"],
  ["an HTML page with 200", { body: "<!doctype html><title>Sign in</title>" }, "S1_NOT_JSON", "once"],
  ["an empty body", { body: "" }, "S1_NOT_JSON", "once"],
  ["words", { body: "OK" }, "S1_NOT_JSON", "once"],
  ["JSON cut in the middle", { body: '{"data":[{"id":"1"},{"id":"2' }, "S1_BODY_CUT", "again"],
  ["JSON cut before the pagination", { body: '{"data":[{"id":"1"}],"pagi' }, "S1_BODY_CUT", "again"],
  ["broken JSON", { body: '{"data":[{"id":}],"pagination":{"nextCursor":null,"totalItems":1}}' }, "S1_NOT_JSON", "once"],
  ["errors beside data", { body: { data: [], pagination: PAGE, errors: [{ code: 5000010, title: "x" }] } }, "S1_ERRORS_IN_ANSWER", "once"],
  ["errors alone", { body: { errors: [{ code: 1 }] } }, "S1_ERRORS_IN_ANSWER", "once"],
  ["errors as text", { body: { data: [], pagination: PAGE, errors: "boom" } }, "S1_ERRORS_IN_ANSWER", "once"],
  ["data null", { body: { data: null, pagination: PAGE } }, "S1_ANSWER_SHAPE", "once"],
  ["data an object", { body: { data: { agents: [] }, pagination: PAGE } }, "S1_ANSWER_SHAPE", "once"],
  ["data text", { body: { data: "none", pagination: PAGE } }, "S1_ANSWER_SHAPE", "once"],
  ["no data", { body: { pagination: PAGE } }, "S1_ANSWER_SHAPE", "once"],
  ["no pagination", { body: { data: [{ id: "1" }] } }, "S1_ANSWER_SHAPE", "once"],
  ["pagination null", { body: { data: [], pagination: null } }, "S1_ANSWER_SHAPE", "once"],
  ["no nextCursor", { body: { data: [], pagination: { totalItems: 0 } } }, "S1_ANSWER_SHAPE", "once"],
  ["an empty nextCursor", { body: { data: [], pagination: { nextCursor: "" } } }, "S1_ANSWER_SHAPE", "once"],
  ["a numeric nextCursor", { body: { data: [], pagination: { nextCursor: 7 } } }, "S1_ANSWER_SHAPE", "once"],
  ["a list", { body: "[]" }, "S1_ANSWER_SHAPE", "once"],
  ["null", { body: "null" }, "S1_ANSWER_SHAPE", "once"],
  ["a damaged gzip", { headers: { "content-encoding": "gzip" }, body: "no gzip" }, "S1_BODY_CUT", "again"],
];

describe("a wrong answer to a listing is a fault, never an empty list", () => {
  it.each(WRONG)("%s", async (_name, answer, code, times) => {
    const console_ = await serving(() => answer);

    await expect(list(console_)).rejects.toMatchObject({ code });
    expect(console_.asked).toHaveLength(times === "again" ? 2 : 1);
  });

  it.each(WRONG)("%s on the second page too", async (_name, answer, code) => {
    const console_ = await serving(({ query }) => (query.has("cursor") ? answer : listing([{ id: "1" }], "next")));

    await expect(list(console_)).rejects.toMatchObject({ code: code === "S1_BAD_REQUEST" ? "S1_CURSOR_REFUSED" : code });
  });

  it("a body larger than we hold", async () => {
    const console_ = await serving(() => listing([{ id: "1", text: "x".repeat(20_000) }]), { maxBodyBytes: 10_000 });

    await expect(list(console_)).rejects.toMatchObject({ code: "S1_BODY_TOO_LARGE" });
  });

  it("a nesting deeper than we read", async () => {
    const console_ = await serving(() => ({ body: `{"pagination":{"nextCursor":null},"data":[${"[".repeat(200_000)}${"]".repeat(200_000)}]}` }));

    await expect(list(console_)).rejects.toMatchObject({ kind: "protocol" });
  });

  it("no fault holds a piece of the body or the token", async () => {
    for (const body of ['{"errors":[{"code":4030010,"detail":"secret-detail","title":"secret-title"}]}', "<html>secret-detail</html>"]) {
      const console_ = await serving(() => ({ status: 403, body }));
      const fault = await list(console_).catch((error: unknown) => error);

      expect(JSON.stringify(fault)).not.toMatch(/secret-|test-token/);
    }
  });
});

describe("listings", () => {
  it("are read to the end with the same query, the cursor as a parameter and the token in its header", async () => {
    const console_ = await serving(({ query }) => (query.get("cursor") === "a+b&c=#/?" ? listing([{ id: "2" }]) : listing([{ id: "1" }], "a+b&c=#/?")));
    const pages = await list(console_);

    expect(pages.map(({ records }) => records.map(({ raw }) => raw))).toEqual([['{"id":"1"}'], ['{"id":"2"}']]);
    expect(console_.asked.map(({ query }) => [query.get("sortBy"), query.get("limit")])).toEqual([["id", "1000"], ["id", "1000"]]);
    expect(console_.asked[0]?.headers["authorization"]).toBe("ApiToken test-token");
    expect(console_.client.requests).toBe(2);
  });

  it("of sites are nested, and empty errors are no errors", async () => {
    const console_ = await serving(() => ({ body: { errors: [], data: { allSites: {}, sites: [{ id: "1" }] }, pagination: { nextCursor: null, totalItems: 1 } } }));

    expect((await list(console_, "/sites"))[0]?.records).toEqual([{ raw: '{"id":"1"}', value: { id: "1" } }]);
    await expect(list(console_, "/agents")).rejects.toMatchObject({ code: "S1_ANSWER_SHAPE" });
  });

  it("keep records that are no objects, for the stream to reject by name", async () => {
    const console_ = await serving(() => listing([null, 1, "x", [], { id: "1" }]));

    expect((await list(console_))[0]?.records.map(({ raw }) => raw)).toEqual(["null", "1", '"x"', "[]", '{"id":"1"}']);
  });

  it("keep the digits of 64-bit integers", async () => {
    const console_ = await serving(() => ({ body: '{"data":[{"id":9223372036854775807,"s":"9223372036854775807"}],"pagination":{"nextCursor":null}}' }));

    expect((await list(console_))[0]?.records).toEqual([{ raw: '{"id":9223372036854775807,"s":"9223372036854775807"}', value: { id: "9223372036854775807", s: "9223372036854775807" } }]);
  });

  it("survive a failure that passes", async () => {
    let failures = 1;
    const console_ = await serving(() => (failures-- > 0 ? { status: 503 } : listing([{ id: "1" }])));

    expect(await list(console_)).toHaveLength(1);
  });
});

describe("single answers and counts", () => {
  it("a count asks for no rows and takes any data", async () => {
    const console_ = await serving(() => ({ body: { data: null, pagination: { nextCursor: null, totalItems: 12 } } }));

    expect(await console_.client.count("/agents", { siteIds: "1" })).toBe(12);
    expect(console_.asked[0]?.query.get("countOnly")).toBe("true");
  });

  it("a count the console does not give is null; one without pagination a fault", async () => {
    const without = await serving(() => ({ body: { data: [], pagination: { nextCursor: null, totalItems: null } } }));
    const wrong = await serving(() => ({ body: { data: [] } }));

    expect(await without.client.count("/agents", {})).toBeNull();
    await expect(wrong.client.count("/agents", {})).rejects.toMatchObject({ code: "S1_ANSWER_SHAPE" });
  });

  it("get gives data as it stands; data null is a fault", async () => {
    const console_ = await serving(({ path }) => ({ body: { data: path === "/user" ? { id: "1" } : null } }));

    expect(await console_.client.get("/user")).toEqual({ id: "1" });
    await expect(console_.client.get("/other")).rejects.toMatchObject({ code: "S1_ANSWER_SHAPE" });
  });

  it("tells the console's clock from its last answer", async () => {
    const console_ = await serving(() => ({ headers: { date: "Mon, 02 Mar 2026 08:00:00 GMT" }, body: { data: {} } }));
    expect(console_.client.serverTime).toBeNull();
    await console_.client.get("/user");

    expect(Math.abs((console_.client.serverTime ?? 0) - Date.UTC(2026, 2, 2, 8))).toBeLessThan(5_000);
  });
});

describe("GraphQL connections", () => {
  const operation = {
    query: "query X { x }",
    operationName: "X",
    variables: {},
    field: "alerts",
    details: { query: "query D { d }", operationName: "D", field: "raws", idKey: "alertId", valueKey: "rawData", into: "rawData", batch: 2 },
  };
  const edges = (...ids: readonly string[]): object => ids.map((id) => ({ cursor: id, node: { id } }));

  async function read(console_: TestConsole): Promise<ListPage[]> {
    const pages: ListPage[] = [];
    for await (const page of console_.client.connection(operation, { limit: 3, signal })) pages.push(page);
    return pages;
  }

  it("errors answer a cursor that is no longer known: that is a refused cursor, as without one it is not", async () => {
    const console_ = await serving(({ body }) => {
      const { operationName, variables } = JSON.parse(body) as { operationName: string; variables: { after: string | null } };
      if (operationName === "D") return { body: { data: { raws: [] } } };
      if (variables.after !== null) return { body: { errors: [{ message: "Invalid cursor" }], data: null } };
      return { body: { data: { alerts: { totalCount: 4, pageInfo: { hasNextPage: true, endCursor: "c1" }, edges: edges("a") } } } };
    });
    const broken = await serving(() => ({ body: { errors: [{ message: "Invalid cursor" }], data: null } }));

    await expect(read(console_)).rejects.toMatchObject({ code: "S1_CURSOR_REFUSED", kind: "cursor" });
    await expect(read(broken)).rejects.toMatchObject({ code: "S1_ERRORS_IN_ANSWER" });
  });

  it("completes a page's nodes in batches, with long integers unrounded", async () => {
    const console_ = await serving(({ body }) => {
      const { operationName, variables } = JSON.parse(body) as { operationName: string; variables: { ids: string[]; after: string | null } };
      if (operationName === "D") return { body: `{"data":{"raws":[${variables.ids.map((id) => `{"alertId":"${id}","rawData":{"time":1772438400000123456}}`).join(",")}]}}` };
      return { body: { data: { alerts: { totalCount: 4, pageInfo: { hasNextPage: variables.after === null, endCursor: "c1" }, edges: variables.after === null ? edges("a", "b", "c") : edges("d") } } } };
    });
    const pages = await read(console_);

    expect(pages.map(({ records, totalItems, nextCursor }) => [records.length, totalItems, nextCursor])).toEqual([[3, 4, "c1"], [1, 4, null]]);
    expect(pages[0]?.records[0]).toEqual({ raw: '{"id":"a","rawData":{"time":1772438400000123456}}', value: { id: "a", rawData: { time: "1772438400000123456" } } });
    expect(console_.asked).toHaveLength(5);
  });

  it.each([
    ["errors with 200", { errors: [{ message: "x" }], data: { alerts: null } }, "S1_ERRORS_IN_ANSWER"],
    ["no connection", { data: { alerts: null } }, "S1_ANSWER_SHAPE"],
    ["edges null", { data: { alerts: { edges: null, pageInfo: { hasNextPage: false } } } }, "S1_ANSWER_SHAPE"],
    ["no pageInfo", { data: { alerts: { edges: [] } } }, "S1_ANSWER_SHAPE"],
    ["a next page without a cursor", { data: { alerts: { edges: [], pageInfo: { hasNextPage: true, endCursor: null } } } }, "S1_ANSWER_SHAPE"],
    ["a cursor that repeats", { data: { alerts: { edges: [], pageInfo: { hasNextPage: true, endCursor: "same" } } } }, "S1_CURSOR_REPEATED"],
    ["data a list", { data: [] }, "S1_ANSWER_SHAPE"],
  ])("%s is a fault", async (_name, body, code) => {
    const console_ = await serving(() => ({ body }));

    await expect(read(console_)).rejects.toMatchObject({ code });
  });

  it("details that are no list are a fault, not alerts without details", async () => {
    const console_ = await serving(({ body }) => ({ body: body.includes('"D"') ? { data: { raws: null } } : { data: { alerts: { edges: edges("a"), pageInfo: { hasNextPage: false, endCursor: null } } } } }));

    await expect(read(console_)).rejects.toMatchObject({ code: "S1_ANSWER_SHAPE" });
  });
});
