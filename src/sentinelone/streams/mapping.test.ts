import fc from "fast-check";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import type { JsonObject, SourceRecord } from "../client.ts";
import { column, columns, createMapper, isMapped, schemaOf, snakeCase } from "./mapping.ts";
import { STREAMS } from "./index.ts";
import { mapPage } from "./listing.ts";
import { readTime } from "./time.ts";
import type { MappedRecord, RejectedRecord } from "./stream.ts";

const table = [
  column("text", "id"),
  column("text", "info.name", "name"),
  ...columns("integer", "count"),
  ...columns("real", "score"),
  ...columns("boolean", "on"),
  ...columns("time", "updatedAt"),
  ...columns("json", "tags"),
];
const map = createMapper({ columns: table, version: "updated_at", secrets: ["registrationToken", "passphrase"] });

function record(value: unknown): SourceRecord {
  return { value: value as JsonObject, raw: JSON.stringify(value) };
}

function mapped(value: unknown): MappedRecord {
  const outcome = map(record(value));
  if (!isMapped(outcome)) throw new Error(outcome.reason);
  return outcome;
}

function rejected(value: unknown): RejectedRecord {
  const outcome = map(record(value));
  if (isMapped(outcome)) throw new Error("was mapped");
  return outcome;
}

describe("reading a record", () => {
  it("takes each column from its place, in the table's order", () => {
    const row = mapped({ id: "1", info: { name: "n" }, count: 3, score: 1.5, on: true, updatedAt: "2026-03-02T08:15:30.123456Z", tags: ["a"] });

    expect(row).toMatchObject({ id: "1", version: "2026-03-02T08:15:30.123456Z", siteId: null, agentId: null });
    expect(row.values).toEqual(["1", "n", 3, 1.5, 1, "2026-03-02T08:15:30.123456Z", '["a"]']);
  });

  it("needs the key alone: everything else may be missing or null", () => {
    expect(mapped({ id: 7 }).values).toEqual(["7", null, null, null, null, null, null]);
    expect(mapped({ id: "7", info: null, tags: null }).values).toEqual(["7", null, null, null, null, null, null]);
  });

  it.each([
    [{ count: "12" }, 2, 12],
    [{ count: "12.0" }, 2, 12],
    [{ count: "9007199254740993" }, 2, "9007199254740993"],
    [{ count: true }, 2, 1],
    [{ count: "" }, 2, null],
    [{ count: "N/A" }, 2, null],
    [{ score: "7.8" }, 3, 7.8],
    [{ score: 7 }, 3, 7],
    [{ score: "None" }, 3, null],
    [{ on: "true" }, 4, 1],
    [{ on: "False" }, 4, 0],
    [{ on: 0 }, 4, 0],
    [{ info: { name: 12 } }, 1, "12"],
    [{ info: { name: false } }, 1, "false"],
    [{ info: { name: "a\u0000b" } }, 1, "a\ufffdb"],
    [{ info: { name: "\ud800x" } }, 1, "\ufffdx"],
    [{ updatedAt: "yesterday" }, 5, null],
    [{ updatedAt: {} }, 5, "rejected"],
  ] as const)("%j is read without loss, or not at all", (fields, at, expected) => {
    const outcome = map(record({ id: "1", ...fields }));

    expect(isMapped(outcome) ? outcome.values[at] : "rejected").toBe(expected);
  });

  it.each([
    [{ id: "1", info: { name: {} } }, "info.name: an object where text belongs"],
    [{ id: "1", info: { name: ["x"] } }, "info.name: a list where text belongs"],
    [{ id: "1", info: "x" }, "info: text where an object belongs"],
    [{ id: "1", info: [] }, "info: a list where an object belongs"],
    [{ id: "1", count: "many" }, "count: text where a whole number belongs"],
    [{ id: "1", count: 1.5 }, "count: a number where a whole number belongs"],
    [{ id: "1", score: "high" }, "score: text where a number belongs"],
    [{ id: "1", on: "maybe" }, "on: text where true or false belongs"],
    [{ id: "1", on: 2 }, "on: a number where true or false belongs"],
    [{}, "id: nothing where the record's key belongs"],
    [{ id: null }, "id: null where the record's key belongs"],
    [{ id: "" }, "id: empty, and it is the record's key"],
    [{ id: " " }, "id: empty, and it is the record's key"],
    [{ id: {} }, "id: an object where the record's key belongs"],
    [{ id: 1.5 }, "id: a number where the record's key belongs"],
    [null, "the record is null, not an object"],
    [[], "the record is a list, not an object"],
    ["x", "the record is text, not an object"],
  ])("%j is rejected: %s", (value, reason) => {
    expect(rejected(value)).toMatchObject({ code: "RECORD_INVALID", reason, raw: JSON.stringify(value) });
  });

  it("borrows nothing from Object.prototype", () => {
    const row = createMapper({ columns: [column("text", "id"), column("text", "constructor.name", "c"), column("json", "__proto__", "p"), column("text", "toString", "t")] })(record({ id: "1" }));

    expect(isMapped(row) && row.values).toEqual(["1", null, null, null]);
  });

  it("whatever a record holds, it is mapped or rejected, never thrown", () => {
    const anyFields = fc.dictionary(fc.constantFrom("id", "info", "count", "score", "on", "updatedAt", "tags", "__proto__", "alertInfo", "threatInfo", "assets", "pages", "detectionTime", "realTime"), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anyFields), (value) => {
        for (const stream of STREAMS) {
          const wanted = stream.columns;
          const outcome = stream.map(record(value));
          if (isMapped(outcome)) {
            expect(outcome.values).toHaveLength(wanted.length);
            outcome.values.forEach((found, at) => {
              if (wanted[at]?.type === "time" && found !== null) expect(found).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
              expect(found === null || ["string", "number"].includes(typeof found)).toBe(true);
            });
          } else expect(outcome.reason).not.toBe("");
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("hashes", () => {
  it("change with what we use, and with nothing else", () => {
    const base = mapped({ id: "1", count: 1, other: 1 });

    expect(mapped({ other: 2, count: 1, id: "1" }).hash).toBe(base.hash);
    expect(mapped({ id: "1", count: 2 }).hash).not.toBe(base.hash);
    expect(mapped({ id: "1", count: 1, info: { name: "" } }).hash).not.toBe(base.hash);
  });
});

describe("secrets", () => {
  it.each([
    { id: "1", registrationToken: "s3cr3t", other: { passphrase: "s3cr3t", keep: 1 } },
    { id: "1", list: [{ registrationToken: { nested: "s3cr3t" } }] },
  ])("are cut out of raw wherever they stand", (value) => {
    const { raw } = mapped(value);

    expect(raw).not.toContain("s3cr3t");
    expect(JSON.parse(raw)).toMatchObject({ id: "1" });
  });

  it("are cut out when their name is spelt with escapes, of rejected records, and without rounding what stays", () => {
    const raw = '{"id":"","registration\\u0054oken":"s3cr3t","n":9223372036854775807}';
    const outcome = map({ value: JSON.parse(raw) as JsonObject, raw });

    expect(outcome.raw).toBe('{"id":"","n":9223372036854775807}');
  });

  it("no site's or group's registration token is kept, as a column or in raw", () => {
    for (const id of ["sites", "groups"] as const) {
      const stream = STREAMS.find((entry) => entry.id === id);
      const outcome = stream?.map(record({ id: "1", registrationToken: "s3cr3t" }));

      expect(JSON.stringify(outcome)).not.toContain("s3cr3t");
    }
  });
});

describe("secrets of activities", () => {
  it("are in no column either, where a column holds all that an activity tells", () => {
    const outcome = STREAMS.find(({ id }) => id === "activities")?.map(record({ id: "1", activityType: 1, data: { passphrase: "s3cr3t", uuid: "kept", list: [{ apiToken: "s3cr3t" }] } }));

    expect(JSON.stringify(outcome)).not.toContain("s3cr3t");
    expect(outcome).toHaveProperty("valuesJson", expect.stringContaining("kept"));
  });

  it("that are not there leave the text as it came, escapes and blanks among it", () => {
    const raw = '{"id": "1", "activityType": 1, "primaryDescription": "a \\u003cb\\u003e"}';

    expect(STREAMS.find(({ id }) => id === "activities")?.map({ value: JSON.parse(raw) as JsonObject, raw }).raw).toBe(raw);
  });
});

describe("several copies of one record on a page", () => {
  const page = (...values: readonly unknown[]): Parameters<typeof mapPage>[0] => ({ records: values.map(record), nextCursor: null, totalItems: null, bytes: 0 });

  it("word-for-word copies are counted, others are rejected but for the newest, and every record is accounted for", () => {
    const old = { id: "1", count: 1, updatedAt: "2026-03-01T00:00:00.000000Z" };
    const newer = { id: "1", count: 2, updatedAt: "2026-03-02T00:00:00.000000Z" };
    for (const values of [[old, newer, newer, { id: "2" }], [newer, { id: "2" }, newer, old]]) {
      const outcome = mapPage(page(...values), map, "more");

      expect(outcome.records.map(({ values: [id, , count] }) => `${id}:${count}`).toSorted()).toEqual(["1:2", "2:null"]);
      expect(outcome.rejected).toMatchObject([{ id: "1", code: "RECORD_DUPLICATE", raw: JSON.stringify(old) }]);
      expect(outcome.records.length + outcome.rejected.length + outcome.repeated).toBe(4);
    }
  });

  it("of two with the same version, the choice does not depend on their order", () => {
    const kept = [[{ id: "1", count: 1 }, { id: "1", count: 2 }], [{ id: "1", count: 2 }, { id: "1", count: 1 }]].map((values) => mapPage(page(...values), map, "more").records[0]?.hash);

    expect(kept[0]).toBe(kept[1]);
  });
});

describe("times", () => {
  it.each([
    ["2026-03-02T08:15:30.123456Z", "2026-03-02T08:15:30.123456Z"],
    ["2026-03-02T08:15:30Z", "2026-03-02T08:15:30.000000Z"],
    ["2026-03-02T08:15:30.123Z", "2026-03-02T08:15:30.123000Z"],
    ["2026-03-02T08:15:30.1234567Z", "2026-03-02T08:15:30.123456Z"],
    ["2026-03-02T10:15:30.123456+02:00", "2026-03-02T08:15:30.123456Z"],
    ["2026-03-01T23:15:30-09:00", "2026-03-02T08:15:30.000000Z"],
    ["2026-03-02 08:15:30", "2026-03-02T08:15:30.000000Z"],
    ["2026-03-02", "2026-03-02T00:00:00.000000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"],
    ["2026-12-31T23:59:60Z", "2026-12-31T23:59:59.000000Z"],
    [1_772_439_330_123, "2026-03-02T08:15:30.123000Z"],
    ["1772439330123", "2026-03-02T08:15:30.123000Z"],
    [1_772_439_330, "2026-03-02T08:15:30.000000Z"],
    ["2026-02-29T00:00:00Z", null],
    ["2026-02-30T00:00:00.000000Z", null],
    ["2026-13-01T00:00:00Z", null],
    ["2026-03-02T24:00:00Z", null],
    ["0001-01-01T00:00:00Z", null],
    ["1969-12-31T23:59:59.000000Z", null],
    ["+275760-09-13T00:00:00Z", null],
    ["", null],
    ["soon", null],
    [0, null],
    [Number.NaN, null],
    [true, null],
  ] as const)("%j is %j", (found, expected) => {
    expect(readTime(found)).toBe(expected);
  });

  it("order as text as they order in time", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(253_402_300_799_000), noInvalidDate: true }), fc.date({ min: new Date(0), max: new Date(253_402_300_799_000), noInvalidDate: true }), (a, b) => {
        expect((readTime(a.toISOString()) ?? "") < (readTime(b.toISOString()) ?? "")).toBe(a < b);
      }),
    );
  });
});

describe("tables", () => {
  it("names are the snake_case of the vendor's", () => {
    expect(["externalIp", "isAdConnector", "activeDirectory.mail", "sha1", "cveId", "agentIpV4"].map(snakeCase)).toEqual(["external_ip", "is_ad_connector", "active_directory_mail", "sha1", "cve_id", "agent_ip_v4"]);
  });

  it("give a schema in which the key alone is required, wherever it lies", () => {
    const schema = JSON.parse(JSON.stringify(schemaOf(table))) as { required: string[]; properties: Record<string, unknown> };
    const nested = JSON.parse(JSON.stringify(schemaOf([column("text", "a.b.id", "id"), column("text", "a.c", "c")]))) as unknown;

    expect(schema.required).toEqual(["id"]);
    expect(Object.keys(schema.properties)).toEqual(["id", "info", "count", "score", "on", "updatedAt", "tags"]);
    expect(nested).toMatchObject({ required: ["a"], properties: { a: { required: ["b"], properties: { b: { required: ["id"] } } } } });
  });

  it("and their schema agree on shapes: what the schema refuses is never mapped", () => {
    const fields = fc.record({ id: fc.oneof(fc.string(), fc.integer(), fc.jsonValue()) }, { requiredKeys: [] });
    const nested = fc.dictionary(fc.constantFrom("threatInfo", "agentRealtimeInfo", "alertInfo", "createdBy", "activeDirectory", "siteId", "name", "state"), fc.jsonValue());
    const compiled = STREAMS.filter(({ id }) => id !== "alerts").map((stream) => ({ stream, check: Compile((stream.schema ?? {}) as TSchema) }));
    fc.assert(
      fc.property(fields, nested, (one, other) => {
        const value = { ...other, ...one };
        for (const { stream, check } of compiled) if (!check.Check(value)) expect(isMapped(stream.map(record(value)))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
