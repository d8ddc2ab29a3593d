/** What holds for every map to OCSF and every record, however odd: a document, nothing lost, and valid where the schema is there to tell. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject, parseExact, stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";
import { ACTIVITY_TYPES } from "../activity-types.ts";
import { RECORD_KINDS, type RecordKind } from "../contract.ts";
import { goldenPairs } from "../golden.test-kit.ts";
import { recognise } from "../recognise.ts";
import { OCSF_MAPS } from "./index.ts";
import { readSchema, violations } from "./schema.test-kit.ts";

const SCHEMA = readSchema();
if (SCHEMA === null) process.stderr.write("SKIPPED in part: no schema of OCSF's; documents are not held against it\n");
const SAMPLES = fileURLToPath(new URL("../../../../shared/samples", import.meta.url));
const SAMPLES_THERE = existsSync(SAMPLES);
if (!SAMPLES_THERE) process.stderr.write(`SKIPPED: no samples at ${SAMPLES}\n`);

const RECORDS = goldenPairs().filter(({ name }) => name.startsWith("ocsf/"));

function recordsOf(kind: RecordKind): readonly JsonObject[] {
  return RECORDS.filter((pair) => pair.kind === kind).map(({ line }) => parseExact(line) as JsonObject);
}

function documentOf(kind: RecordKind, text: string, unseen: string[] = []): JsonObject {
  return OCSF_MAPS[kind](parseExact(text) as JsonObject, { original: text, console: "https://usea1-011.sentinelone.net", unseen: (field) => void unseen.push(field) });
}

/** The document, once it was found to be sound. */
function check(kind: RecordKind, text: string): JsonObject {
  const document = documentOf(kind, text);
  const again = parseExact(stringifyExact(document)) as JsonObject;
  expect(again["raw_data"]).toBe(text.toWellFormed() === text ? text : document["raw_data"]);
  expect(misplaced(document)).toEqual([]);
  if (SCHEMA !== null) expect(violations(document, SCHEMA)).toEqual([]);
  expect(Object.prototype).not.toHaveProperty("polluted");
  return document;
}

/** Observables whose path does not lead to their value. */
function misplaced(document: JsonObject): readonly string[] {
  const observables = (document["observables"] ?? []) as readonly { readonly name: string; readonly value: string }[];
  const at = (path: string): Json | undefined => path.replaceAll(/\[(\d+)\]/g, ".$1").split(".").reduce<Json | undefined>((value, key) => (typeof value === "object" && value !== null ? (value as JsonObject)[key] : undefined), document);
  return observables.filter(({ name, value }) => at(name) !== value).map(({ name }) => name);
}

const HOSTILE: readonly Json[] = [
  null, true, false, 0, -1, 99, 1.5, 1e308, -11_644_473_600_000, 9_223_372_036_854_775_807n, 99_999_999_999_999_999_999n, "", " ", "-", "\\", "a\\", "\u0000", "\ud800", "\u202etxt", "UNKNOWN", "n/a", "99",
  "true", "constructor", "__proto__", "2021-02-31T00:00:00Z", "2021-02-28 00:00:00", "9999999999999999", "18:32:29.495", "300.1.1.1", "::1", "fe80::1%eth0", "10.0.0.1,::1,x", "0000:0000:0000:0000:0000:ffff:255.255.255.255",
  "TA006", "T1059.001", "http://[::1", "http://a:b@c:99999/", "=cmd|' /C calc'!A0", "type:  5 ;;;", "a@b.c", "CVE-2024-1", "False Positive", "x".repeat(3000), [], {}, [[]], [null], ["a", "a"], { a: { b: { c: [] } } },
  { uid: "x", name: "y" }, [{ uid: "x", name: "y", type_id: "Q" }], { ip: "1.1.1.1" }, [{ ip: "1.1.1.1", type_id: 77 }],
];

const odd: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
  { weight: 1, arbitrary: fc.oneof(fc.ipV6(), fc.ipV4(), fc.emailAddress(), fc.webUrl()) },
  { weight: 1, arbitrary: fc.constant(parseExact('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"name":{"__proto__":null}}')) },
);

/** A record with some of its places, wherever they lie, holding something else. */
function spoiled(record: JsonObject, picks: readonly { readonly at: number; readonly value: Json }[]): Json {
  const size = sizeOf(record);
  const wanted = new Map(picks.map(({ at, value }) => [1 + (at % (size - 1)), value]));
  let count = 0;
  const visit = (value: Json): Json => {
    const put = wanted.get(count++);
    if (put !== undefined) return put;
    if (Array.isArray(value)) return (value as readonly Json[]).map(visit);
    return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)])) : value;
  };
  return visit(record);
}

function sizeOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return 1 + Object.values(value as JsonObject).reduce<number>((sum, part) => sum + sizeOf(part), 0);
}

describe("maps to OCSF", () => {
  it.each(RECORD_KINDS)("a record of %s with anything in any of its places becomes a valid document", (kind) => {
    const picks = fc.array(fc.record({ at: fc.nat(10_000), value: odd }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...recordsOf(kind)), picks, (record, chosen) => {
        check(kind, stringifyExact(spoiled(record, chosen)));
      }),
      { numRuns: 80 },
    );
  });

  it.each(RECORD_KINDS)("any object at all, taken for one of %s, becomes a valid document", (kind) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), odd), (record) => {
        check(kind, stringifyExact(record));
      }),
      { numRuns: 30 },
    );
    check(kind, "{}");
    check(kind, '{"__proto__":{"name":"x","id":"y","detectedAt":"2026-01-01T00:00:00Z","threatInfo":{}},"constructor":1}');
  });

  it("an activity of every number the vendor accepts becomes a valid document of a class that its meaning has, with the number's name", () => {
    const [sample] = recordsOf("activities");
    check("activities", '{"activityType":27}');
    for (const [number, { meaning, family }] of ACTIVITY_TYPES) {
      const document = check("activities", stringifyExact({ ...sample, activityType: number }));

      expect((document["metadata"] as JsonObject)["event_code"]).toBe(String(number));
      if (meaning.startsWith("login")) expect(document["class_uid"]).toBe(3002);
      if (meaning.startsWith("user-")) expect(document["class_uid"]).toBe(3001);
      if (meaning !== "none" && !family) expect(document["class_uid"]).not.toBe(0);
    }
  });

  it("an event of every category of Cloud Funnel, of every type in any spelling, becomes a valid document", () => {
    const [sample = {}] = recordsOf("cloud-funnel");
    const types = ["Process Creation", "ProcessTermination", "Open Remote Process Handle", "Remote Thread Creation", "File Creation", "FileModification", "File Deletion", "File Rename", "Registry Value Modified", "RegistryKeyDelete", "Registry Value Create", "Module Load", "Driver Load", "Task Register", "TaskUpdate", "Task Delete", "Task Start", "Command Script", "IP Connect", "IP Listen", "DNS Resolved", "DNSUnresolved", "GET", "POST", "BREW", "Login", "Logout", "Behavioral Indicators", "Group Creation", ""];
    const categories = ["process", "cross_process", "file", "named_pipe", "registry", "module", "driver", "scheduled_task", "command_script", "ip", "dns", "url", "logins", "indicators", "threat_intelligence_indicators", "group", "teleport"];
    for (const category of categories) {
      check("cloud-funnel", stringifyExact({ "event.category": category }));
      for (const type of types) {
        const document = check("cloud-funnel", stringifyExact({ ...sample, "event.category": category, "event.type": type }));

        expect((document["metadata"] as JsonObject)["type"]).toBe(category);
      }
    }
  });

  it("what no closed list of the vendor's held keeps its own word as Other, and is reported", () => {
    const unseen: string[] = [];

    const document = documentOf("alerts", '{"id":"a","severity":"TERRIBLE","status":"PONDERED","analystVerdict":"MAYBE","detectionSource":{"product":"EDR"},"attackSurfaces":[]}', unseen);

    expect(document).toMatchObject({ severity_id: 99, severity: "TERRIBLE", status_id: 99, status: "PONDERED", verdict_id: 99, verdict: "MAYBE", activity_id: 2 });
    expect(unseen.toSorted()).toEqual(["analystVerdict", "severity", "status"]);
  });

  it("an identity alert that names only the parent of its kind's technique gets the sub-technique, and one that names none gets its kind's", () => {
    const alert = (attacks: string): string => `{"id":"a","name":"DCSync Attack Detected","detectionSource":{"product":"Identity"},"rawData":{"finding_info":{"attacks":${attacks}}}}`;
    const of = (attacks: string): Json | undefined => (documentOf("alerts", alert(attacks))["finding_info"] as JsonObject)["attacks"];

    expect(of('[{"tactics":[{"uid":"TA006"}],"technique":{"uid":"T1003","name":"OS Credential Dumping"}}]')).toEqual([
      { tactic: { uid: "TA0006", name: "Credential Access" }, technique: { uid: "T1003", name: "OS Credential Dumping" }, sub_technique: { uid: "T1003.006", name: "DCSync" } },
    ]);
    expect(of("[]")).toEqual([{ tactic: { uid: "TA0006", name: "Credential Access" }, technique: { uid: "T1003", name: "OS Credential Dumping" }, sub_technique: { uid: "T1003.006", name: "DCSync" } }]);
    expect(of('[{"technique":{"uid":"T1558.003"}}]')).toEqual([{ technique: { uid: "T1558", name: "Steal or Forge Kerberos Tickets" }, sub_technique: { uid: "T1558.003", name: "Kerberoasting" } }]);
  });

  it("an identity alert without evidence has both sides and the user from the sensor's own line, and one with evidence only what is missing there", () => {
    const raw_data = "5001802:Attacker IP=192.0.2.1 Source Port=49970 Target IP=192.0.2.9 Target Port=389 Domain=LAB userName=john.doe dc_host=DC01";
    const evidence = (evidences: Json) => (check("alerts", stringifyExact({ id: "1", detectedAt: "2026-03-02T08:15:30Z", name: "LDAP Search Detected", rawData: { raw_data, evidences } }))["evidences"] as readonly Json[])[0];

    expect(evidence([])).toEqual({ src_endpoint: { ip: "192.0.2.1", port: 49970 }, dst_endpoint: { ip: "192.0.2.9", port: 389 }, actor: { user: { name: "john.doe", domain: "LAB" } } });
    expect(evidence([{ src_endpoint: { ip: "192.0.2.7" }, actor: { user: { name: "jane" } } }])).toEqual({ src_endpoint: { ip: "192.0.2.7" }, dst_endpoint: { ip: "192.0.2.9", port: 389 }, actor: { user: { name: "jane" } } });
  });

  it.each([
    ["type: 28 a.example.com.", { hostname: "a.example.com", type: "AAAA" }],
    ["type: 999 a.example.com", { hostname: "a.example.com" }],
    ["a.example.com", { hostname: "a.example.com" }],
    [".", { hostname: "." }],
  ])("a question that is written as %s asks for a name", (request, query) => {
    expect(check("cloud-funnel", stringifyExact({ "event.category": "dns", "event.type": "DNS Resolved", "event.time": 1680183967040, "event.dns.request": request }))["query"]).toEqual(query);
  });

  it("a security identifier in a name's place is an id", () => {
    expect(check("cloud-funnel", stringifyExact({ "event.category": "logins", "event.type": "Login", "event.time": 1680183967040, "event.login.userName": "S-1-5-18" }))["user"]).toEqual({ uid: "S-1-5-18" });
  });

  it.each(["Identity", "IDENTITY", "identity"])("an alert of the product and of an asset that are spelt %s is about an identity", (word) => {
    const document = check("alerts", stringifyExact({ id: "1", detectedAt: "2026-03-02T08:15:30Z", name: "DCSync", detectionSource: { product: word }, asset: { category: word, name: "svc-sql" } }));

    expect([document["device"], document["attacks"]]).toEqual([undefined, [expect.objectContaining({ sub_technique: { uid: "T1003.006", name: "DCSync" } })]]);
  });

  it("an operating system of an unknown type is told by its name", () => {
    const os = (version: string): Json | undefined => (documentOf("alerts", `{"id":"a","asset":{"name":"h","osType":"UNKNOWN","osVersion":"${version}"}}`)["device"] as JsonObject)["os"];

    expect(os("Windows Server 2022")).toMatchObject({ type_id: 100, type: "Windows" });
    expect(os("Ubuntu 24.04 LTS")).toMatchObject({ type_id: 200 });
    expect(os("macOS 15.1")).toMatchObject({ type_id: 300 });
    expect(os("TempleOS")).toMatchObject({ type_id: 0 });
  });

  it("64-bit integers come through digit by digit, in attributes and in what has no home", () => {
    const text = '{"activityType":3608,"id":"1","createdAt":"2026-03-02T08:00:00Z","data":{"alertId":1290568698312097725,"scopeId":901144152460815495}}';

    const written = stringifyExact(documentOf("activities", text));

    expect(written).toContain('"uid":"1290568698312097725"');
    expect(written).toContain('"scopeId":901144152460815495');
  });

  it("a field that is told in an attribute is not told again, and one that could not be used stays", () => {
    const document = documentOf("agents", '{"computerName":"OF-LT-0417","uuid":"7f0c","machineType":"laptop","lastIpToMgmt":"no address","activeThreats":2,"modelName":null}');

    expect(document["unmapped"]).toEqual({ lastIpToMgmt: "no address", activeThreats: 2 });
  });

  it("a field of any name stays under that name", () => {
    const document = documentOf("agents", '{"computerName":"OF-LT-0417","uuid":"7f0c","__proto__":{"polluted":1},"constructor":"x"}');

    expect(stringifyExact(document["unmapped"] ?? null)).toBe('{"__proto__":{"polluted":1},"constructor":"x"}');
    expect(Object.getPrototypeOf(document["unmapped"])).toBe(Object.prototype);
  });
});

function samples(folder: string): readonly (readonly [name: string, text: string])[] {
  return readdirSync(join(SAMPLES, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file) => [file, (JSON.parse(readFileSync(join(SAMPLES, folder, file), "utf8")) as { readonly input: { readonly message: string } }).input.message.trim()]);
}

describe.skipIf(!SAMPLES_THERE)("real records", () => {
  it.each(SAMPLES_THERE ? samples(".") : [])("%s becomes a valid document of a class of its own, with nothing but its text left out", (_name, text) => {
    const record = parseExact(text) as JsonObject;
    const kind = recognise(record);
    if (kind === null) throw new Error("not recognised");

    const document = check(kind, text);

    expect(document["class_uid"]).not.toBe(0);
    expect(document["time"]).not.toBe(0);
    expect(document["raw_data"]).toBe(text);
  });
});
