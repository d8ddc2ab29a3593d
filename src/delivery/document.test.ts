import { describe, expect, it } from "vitest";
import type { DeliveryFormat } from "../kernel/delivery-api.ts";
import type { TenantId } from "../kernel/ids.ts";
import { dataWith, prepare, type Prepared, type QueuedFact } from "./document.ts";
import type { QueuedRecord } from "./records.ts";

const RAW = '{"id":"225494730938493804","name":"Default Group","siteId":"11","isDefault":true,"inherits":true,"updatedAt":"2026-02-01T07:00:00.000000Z","rank":9007199254740993123,"ratio":1.0}';

function queued(more: Partial<QueuedFact> = {}, record: Partial<QueuedRecord> | null = {}): QueuedFact {
  return {
    id: "dlv_1", tenant: "ten_1" as TenantId, kind: "groups.updated", key: "g", version: "2", orderKey: "g", queuedAt: Date.UTC(2026, 10, 20), body: '{"change":"updated"}',
    record: record === null ? null : { stream: "groups", severity: "high", console: "https://usea1-011.sentinelone.net", raw: RAW, ...record }, ...more,
  };
}

function text(made: Prepared): string {
  if (made.delivery === null) throw new Error(made.refusal.reason);
  return made.delivery.text;
}

const written = (fact: QueuedFact, format: DeliveryFormat): Readonly<Record<string, unknown>> => JSON.parse(text(prepare(fact, format, true))) as Readonly<Record<string, unknown>>;

describe("raw", () => {
  it("is the envelope with the record in it, every digit as it was", () => {
    const made = text(prepare(queued(), "raw", false));
    expect(made).toBe(`{"type":"groups.updated","timestamp":"2026-11-20T00:00:00.000Z","id":"dlv_1","tenant":"ten_1","key":"g","version":"2","data":{"change":"updated","record":${RAW}}}`);
    expect(dataWith("{}", "{}")).toBe('{"record":{}}');
  });

  it("of a fact that tells of no record is the envelope with its body", () => {
    expect(written(queued({}, null), "raw")["data"]).toEqual({ change: "updated" });
  });
});

describe("record", () => {
  it("is the record alone, letter for letter; of a fact without one its body", () => {
    expect(text(prepare(queued(), "record", false))).toBe(RAW);
    expect(written(queued({}, null), "record")).toEqual({ change: "updated" });
  });
});

describe("a standard", () => {
  it("ECS: the map's document, with what tells repeats apart as labels, digits kept", () => {
    const made = text(prepare(queued(), "ecs", true));
    const document = JSON.parse(made) as Readonly<Record<string, unknown>>;
    expect(document["ecs"]).toMatchObject({ version: expect.stringMatching(/^9\./) as string });
    expect(document["labels"]).toMatchObject({ vedette_delivery: "dlv_1", vedette_fact: "groups.updated", vedette_tenant: "ten_1" });
    expect(made).toContain("9007199254740993123");
  });

  it("is said to be impossible where there is no map, with the reason, and nothing is sent in its place", () => {
    const made = prepare(queued({}, { stream: "roles" }), "ecs", true);
    expect(made).toEqual({ delivery: null, refusal: { outcome: "refused", code: "DELIVERY_NOT_MAPPED", reason: "There is no map of roles to ecs." } });
  });

  it("of a fact that tells of no record is a small document of it that the standard knows", () => {
    expect(written(queued({}, null), "ecs")).toMatchObject({ "@timestamp": "2026-11-20T00:00:00.000Z", event: { id: "dlv_1", action: "groups.updated" }, vedette: { data: { change: "updated" } } });
    expect(written(queued({}, null), "ocsf")).toMatchObject({ class_uid: 0, type_uid: 99, time: Date.UTC(2026, 10, 20), unmapped: { data: { change: "updated" } }, metadata: { uid: "dlv_1" } });
  });
});

describe("whatever the format", () => {
  it.each(["raw", "record", "ecs", "ocsf", "sekoia"] as const)("%s: a record that is no JSON object is refused, not sent", (format) => {
    for (const raw of ["", "null", "[1]", '{"a":1},{"b":2}x']) expect(prepare(queued({}, { raw }), format, true).refusal).toMatchObject({ outcome: "refused", code: "RECORD_INVALID" });
  });

  it("is on one line and keeps keys that look like a prototype's", () => {
    for (const format of ["raw", "record", "ecs"] as const) {
      const made = text(prepare(queued({}, { raw: '{"id":"1","name":"a\\r\\nb","siteId":"1","isDefault":true,"__proto__":{"polluted":1},"constructor":{"prototype":1}}' }), format, true));
      expect(made).not.toMatch(/[\r\n]/);
      expect(made).toContain('"__proto__":{"polluted":1}');
    }
    expect(({} as Readonly<Record<string, unknown>>)["polluted"]).toBeUndefined();
  });

  it("is the same text in every attempt", () => {
    for (const format of ["raw", "record", "ecs"] as const) expect(text(prepare(queued(), format, true))).toBe(text(prepare(queued(), format, true)));
  });
});

describe("when it happened", () => {
  const at = (stream: QueuedRecord["stream"], raw: string): number => prepare(queued({}, { stream, raw }), "raw", true).delivery?.eventAt ?? 0;
  it.each<readonly [QueuedRecord["stream"], string, string]>([
    ["alerts", '{"detectedAt":"2026-03-01T10:00:00Z","updatedAt":"2026-03-02T10:00:00Z"}', "2026-03-02T10:00:00.000Z"],
    ["alerts", '{"detectedAt":1772359200000}', "2026-03-01T10:00:00.000Z"],
    ["alerts", '{"detectedAt":"1772359200000"}', "2026-03-01T10:00:00.000Z"],
    ["threats", '{"threatInfo":{"identifiedAt":"2026-03-01T10:00:00Z"},"updatedAt":"2020-01-01T00:00:00Z"}', "2026-03-01T10:00:00.000Z"],
    ["activities", '{"createdAt":"2026-03-01T10:00:00.5Z","updatedAt":"2026-03-09T10:00:00Z"}', "2026-03-01T10:00:00.500Z"],
    ["alerts", '{"detectedAt":"soon","updatedAt":12}', "2026-11-20T00:00:00.000Z"],
    ["alerts", "{broken}", "2026-11-20T00:00:00.000Z"],
  ])("%s %s: %s", (stream, raw, expected) => {
    expect(new Date(at(stream, raw)).toISOString()).toBe(expected);
  });

  it("is when it was queued for destinations that do not ask", () => {
    expect(prepare(queued(), "raw", false).delivery?.eventAt).toBe(Date.UTC(2026, 10, 20));
  });
});
