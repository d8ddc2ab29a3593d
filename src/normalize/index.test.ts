import { describe, expect, it } from "vitest";
import { stringifyExact } from "../kernel/json.ts";
import { PROFILES, STANDARDS, type RecordKind } from "./contract.ts";
import { createNormalizer, kindsOf } from "./index.ts";

const TARGETS = STANDARDS.flatMap((standard) => PROFILES.map((profile) => ({ standard, profile }))).filter(({ standard, profile }) => kindsOf(standard, profile).length > 0);

describe("secrets of a record that comes as the API gave it", () => {
  it.each([
    ["groups", { id: "1", name: "Default", siteId: "2", isDefault: true, registrationToken: "s3cr3t" }],
    ["activities", { id: "1", activityType: 50, createdAt: "2026-01-01T00:00:00Z", data: { passphrase: "s3cr3t", computerName: "OF-LT-1", more: [{ apiToken: "s3cr3t" }] }, token: "s3cr3t" }],
  ] as const)("of %s are in no document, whatever the standard", (kind: RecordKind, record) => {
    for (const target of TARGETS.filter(({ standard, profile }) => kindsOf(standard, profile).includes(kind))) {
      const written = [createNormalizer(target).text(JSON.stringify(record)), createNormalizer(target).record(record)].map((one) => stringifyExact(one.document));

      for (const one of written) expect(one).not.toContain("s3cr3t");
      for (const one of written) expect(one).toContain(kind === "groups" ? "Default" : "OF-LT-1");
    }
  });

  it("cost the rest no digit, and a record without any no letter", () => {
    const normalizer = createNormalizer({ standard: "ecs", profile: "native" });
    const group = '{"id": "1", "name": "\\u0041\\u003c", "siteId": "2", "isDefault": true, "big": 9223372036854775807}';

    expect(normalizer.text(group).document).toMatchObject({ event: { original: group } });
    expect(stringifyExact(normalizer.text(group.replace('"big"', '"registration\\u0054oken": "s3cr3t", "big"')).document)).toContain('"big":9223372036854775807');
  });
});

describe("what is no record, though a kind is named for it", () => {
  const named = (stream: RecordKind, text: string) => createNormalizer({ standard: "ecs", profile: "native", stream }).text(text);

  it.each([
    ['{"data":[{"id":"1"}],"pagination":{"totalItems":1}}', "a whole answer of the API (1 records under data)"],
    ['{"edges":[{"node":{"id":"1"}}],"pageInfo":{}}', "a whole answer of the API (records under edges)"],
    ['{"data":{"alerts":{"edges":[]}}}', "an answer of the API wrapped in data"],
    ['{"node":{"id":"1"}}', "a record wrapped in node"],
    ['{"errors":[{"message":"no"}]}', "an error answer of the API"],
    ["{", "not JSON: a record has to be on one line"],
    ["[", "not JSON: a record has to be on one line"],
  ])("%s has the reason told, and gives no empty document", (text, reason) => {
    const normalized = named("alerts", text);

    expect(normalized.document).toBeNull();
    expect(normalized.document === null && normalized.reason).toContain(reason);
  });

  it.each([
    { id: "1", name: "n", createdAt: "2026-03-02T08:15:30Z", attackSurfaces: ["IDENTITY"] },
    { id: "1", name: "n", detectedAt: "2026-03-02T08:15:30Z" },
    { detectionSource: { product: "Identity" }, attackSurfaces: [] },
  ])("a unified alert is recognised by whatever fields a query chose: %j", (record) => {
    expect(createNormalizer({ standard: "ecs", profile: "native" }).record(record)).toMatchObject({ kind: "alerts" });
  });

  it("what looks like a record of any kind is taken for the one that is named", () => {
    expect(named("activities", '{"activityType":27,"data":[]}').document).not.toBeNull();
    expect(named("alerts", '{"id":"1","data":{"x":1}}').document).not.toBeNull();
    expect(named("alerts", "{}").document).not.toBeNull();
  });
});
