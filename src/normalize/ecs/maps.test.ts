/** What holds for every map to ECS and every record, however odd: a document, nothing lost, and valid where the published list is there to tell. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject, parseExact, stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";
import { RECORD_KINDS, type RecordKind } from "../contract.ts";
import { goldenPairs } from "../golden.test-kit.ts";
import { createNormalizer } from "../index.ts";
import { NAMESPACES } from "./document.ts";
import { faultsOf, FIELD_LIST_THERE, readFieldList } from "./field-list.test-kit.ts";

if (!FIELD_LIST_THERE) process.stderr.write("SKIPPED in part: no list of ECS's fields; documents are not held against it\n");
const LIST = FIELD_LIST_THERE ? readFieldList() : null;
const PAIRS = goldenPairs().filter(({ name }) => name.startsWith("ecs/"));

function documentOf(kind: RecordKind, text: string): JsonObject {
  const normalized = createNormalizer({ standard: "ecs", profile: "native", stream: kind, console: "https://usea1-011.sentinelone.net" }).text(text);
  if (normalized.document === null) throw new Error(`${normalized.reason}: ${text.slice(0, 2000)}`);
  return normalized.document;
}

function expectWhole(kind: RecordKind, text: string): void {
  const document = documentOf(kind, text);
  const vendor = document["sentinelone"] as JsonObject;
  expect((document["event"] as JsonObject)["original"]).toBe(text);
  expect(vendor[NAMESPACES[kind]]).toEqual(parseExact(text));
  const again = parseExact(stringifyExact(document)) as JsonObject;
  expect(again["sentinelone"]).toEqual(parseExact(stringifyExact(vendor)));
  expect(holes(document)).toEqual([]);
  if (LIST !== null) expect(faultsOf(document, LIST)).toEqual([]);
  expect(Object.prototype).not.toHaveProperty("polluted");
}

/** Places that would be lost in writing, or that say nothing. */
function holes(value: Json | undefined, path = ""): readonly string[] {
  // A label may be without a value.
  if (path === ".sentinelone" || path.startsWith(".container.labels.")) return [];
  if (value === undefined || value === null || value === "") return [path];
  if (typeof value !== "object") return [];
  const entries = Object.entries(value as JsonObject);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, part]) => holes(part, `${path}.${key}`));
}

const HOSTILE: readonly Json[] = [
  null, true, false, 0, -1, 1.5, 1e308, -11_644_473_600_000, 9_223_372_036_854_775_807n, 99_999_999_999_999_999_999n, "", " ", "-", "\\", "\\\\", "a\\", "\u0000", "\ud800", "\u202etxt", "UNKNOWN", "n/a", "N/A",
  "true", "constructor", "__proto__", "toString", "hasOwnProperty", "2021-02-31T00:00:00Z", "2021-02-28 00:00:00", "9999999999999999", "18:32:29.495", "300.1.1.1", "::1", "fe80::1%eth0", "10.0.0.1,::1,x", "TA006", "T1059.001", "http://[::1", "http://a:b@c:99999/", "https://x/..%2f?#", "=cmd|' /C calc'!A0", "a=b,c.d=e,__proto__=polluted",
  "type:  5 ;;;", "x".repeat(5000), [], {}, [[]], [null], ["a", "a"], [{ __proto__: null }], { a: { b: { c: [] } } }, [{ hashes: [{ algorithm: "__proto__", value: "x" }] }],
];

const odd: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
  { weight: 1, arbitrary: fc.constant(parseExact('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"name":{"__proto__":null}}')) },
);

/** A record with some of its places, wherever they lie, holding something else. */
function spoiled(record: Json, picks: readonly { readonly at: number; readonly value: Json }[]): Json {
  let count = 0;
  const places = new Map(picks.map(({ at, value }) => [at, value]));
  const size = sizeOf(record);
  const wanted = new Map([...places].map(([at, value]) => [at % size, value]));
  const visit = (value: Json, root: boolean): Json => {
    const at = count++;
    if (!root && wanted.has(at)) return wanted.get(at) ?? null;
    if (Array.isArray(value)) return (value as readonly Json[]).map((part) => visit(part, false));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part, false)]));
  };
  return visit(record, true);
}

function sizeOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return 1 + Object.values(value as JsonObject).reduce<number>((sum, part) => sum + sizeOf(part), 0);
}

describe("maps to ECS", () => {
  it.each(RECORD_KINDS)("a record of %s with anything in any of its places becomes a valid document, and nothing of it is lost", (kind) => {
    const records = PAIRS.filter((pair) => pair.kind === kind).map(({ line }) => parseExact(line));
    const picks = fc.array(fc.record({ at: fc.nat(10_000), value: odd }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...records), picks, (record, chosen) => {
        expectWhole(kind, stringifyExact(spoiled(record, chosen)));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it.each(RECORD_KINDS)("any object at all, taken for one of %s, becomes a valid document", (kind) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), odd), (record) => {
        expectWhole(kind, stringifyExact(record));
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it("nothing of a record is reached by its prototype", () => {
    for (const kind of RECORD_KINDS) expectWhole(kind, '{"__proto__":{"name":"x","id":"y","detectedAt":"2026-01-01T00:00:00Z","threatInfo":{}},"constructor":1}');
  });
});
