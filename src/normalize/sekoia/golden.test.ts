import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExact, stringifyExact, type JsonObject } from "../../kernel/json.ts";
import type { RecordKind } from "../contract.ts";
import { SEKOIA_MAPS } from "./index.ts";
import { mapped } from "./mapped.test-kit.ts";

const GOLDEN = fileURLToPath(new URL("golden", import.meta.url));
const KINDS = Object.keys(SEKOIA_MAPS) as RecordKind[];

function pairs(): readonly { readonly kind: RecordKind; readonly name: string }[] {
  return KINDS.flatMap((kind) => readdirSync(join(GOLDEN, kind)).filter((file) => file.endsWith(".in.json")).map((file) => ({ kind, name: file.replace(".in.json", "") })));
}

describe("a document of the sekoia profile", () => {
  it.each(pairs())("of $kind/$name is the one beside it, to the last digit", ({ kind, name }) => {
    const record = parseExact(readFileSync(join(GOLDEN, kind, `${name}.in.json`), "utf8")) as JsonObject;
    const { message, ...document } = mapped(kind, record).document;

    expect(document).toStrictEqual(parseExact(readFileSync(join(GOLDEN, kind, `${name}.out.json`), "utf8")));
    expect(parseExact(message as string)).toStrictEqual(record);
  });

  it("repeats the record's own text", () => {
    const map = SEKOIA_MAPS.activities;

    expect(map?.({ id: "1" }, { original: '{ "id": "1" }', console: null, unseen: () => undefined })["message"]).toBe('{ "id": "1" }');
  });
});

/** Names that the maps look for, so that arbitrary values get where they are read. */
const NAMES = [
  ...new Set(pairs().flatMap(({ kind, name }) => {
    const names: string[] = [];
    JSON.stringify(JSON.parse(readFileSync(join(GOLDEN, kind, `${name}.in.json`), "utf8")), (key, value: unknown) => {
      names.push(key);
      return value;
    });
    return names;
  })),
  "__proto__", "constructor", "toString", "valueOf", "toJSON",
];

describe("any record", () => {
  const key = fc.constantFrom(...NAMES);
  const leaf = fc.oneof(fc.string(), fc.bigInt(), fc.double(), fc.boolean(), fc.constant(null), fc.ipV6(), fc.webUrl(), fc.constantFrom("5126", "\\", "a\\b", "type: 1", "-11644473600000", "2026-13-99T99:99:99Z"));
  const { record } = fc.letrec((tie) => ({
    record: fc.array(fc.tuple(key, tie("value")), { maxLength: 12 }).map((entries) => Object.fromEntries(entries)),
    value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("record")),
  }));

  it.each(KINDS)("of %s, however odd its fields are, becomes a document that can be written and gives the same one again", (kind) => {
    fc.assert(fc.property(record, (any) => {
      const first = stringifyExact(mapped(kind, any as JsonObject).document);

      expect(stringifyExact(mapped(kind, any as JsonObject).document)).toBe(first);
    }), { numRuns: 150 });
  });

  it("leaves nothing behind on objects that others use", () => {
    for (const kind of KINDS) mapped(kind, JSON.parse('{"__proto__":{"polluted":1},"data":{"__proto__":{"polluted":1},"k8scontainerlabels":"__proto__=x,constructor=y"},"threatInfo":{"constructor":{"polluted":1}}}') as JsonObject);

    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(mapped("activities", { data: { k8scontainerlabels: "__proto__=x,b=y" } }).at("container.labels")).toStrictEqual(JSON.parse('{"__proto__":"x","b":"y"}'));
  });

  it("changes nothing in the record", () => {
    const record = { activityType: 27, data: { osTypes: ["b", "a"], ipAddress: "192.0.2.1" } };
    mapped("activities", record);

    expect(record).toEqual({ activityType: 27, data: { osTypes: ["b", "a"], ipAddress: "192.0.2.1" } });
  });
});
