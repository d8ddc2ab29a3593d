/** Real (masked) records of `../shared/samples` as ECS documents, held against the published list of fields. Skipped where the folder is not there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { RECORD_SECRETS, secretRemover } from "../../kernel/record-secrets.ts";
import { isJsonObject, parseExact, stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";
import { createNormalizer } from "../index.ts";
import { NAMESPACES } from "./document.ts";
import { faultsOf, FIELD_LIST_THERE, readFieldList, type FieldList } from "./field-list.test-kit.ts";

const SAMPLES = fileURLToPath(new URL("../../../../shared/samples", import.meta.url));
const THERE = existsSync(SAMPLES) && FIELD_LIST_THERE;
if (!THERE) process.stderr.write(`SKIPPED: no samples at ${SAMPLES}, or no list of ECS's fields beside them\n`);

function samples(): readonly (readonly [name: string, text: string])[] {
  if (!THERE) return [];
  return readdirSync(SAMPLES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => {
      const file = parseExact(readFileSync(join(SAMPLES, name), "utf8")) as { readonly input: { readonly message: Json } };
      const { message } = file.input;
      return [name, typeof message === "string" ? message.trim() : stringifyExact(message)];
    });
}

const KINDS: Readonly<Record<string, string>> = {
  "elastic/activity": "activities",
  "elastic/agent": "agents",
  "elastic/application": "applications",
  "elastic/application-risk": "risks",
  "elastic/cloud-funnel-dns": "cloud-funnel",
  "elastic/cloud-funnel-file": "cloud-funnel",
  "elastic/cloud-funnel-login": "cloud-funnel",
  "elastic/cloud-funnel-process": "cloud-funnel",
  "elastic/group": "groups",
  "elastic/threat": "threats",
  "elastic/unified-alert": "alerts",
  "sekoia/cloud-funnel": "cloud-funnel",
  "sekoia/identity": "alerts",
};

describe.skipIf(!THERE)("samples", () => {
  const list: FieldList = THERE ? readFieldList() : new Map();

  it("the list of fields is read whole", () => {
    expect(list.size).toBeGreaterThan(2000);
    expect(list.get("event.category")).toMatchObject({ type: "keyword", array: true });
    expect([...(list.get("event.category")?.pairs.get("authentication") ?? [])]).toEqual(["start", "end", "info"]);
    expect([...(list.get("host.os.type")?.values ?? [])]).toContain("windows");
  });

  it("a document with faults has them told", () => {
    const wrong = { event: { category: "authentication", type: ["deletion"], severity: "high" }, host: { ip: ["host"], mac: ["aa:bb:cc:dd:ee:ff"], nothing: 1 } };

    expect(faultsOf(wrong, list).length).toBeGreaterThan(6);
  });

  it.each(samples())("%s is a valid document, of its kind, and nothing of it is lost", (name, text) => {
    const normalizer = createNormalizer({ standard: "ecs", profile: "native" });
    const normalized = normalizer.text(text);

    if (normalized.document === null) throw new Error(normalized.reason);
    expect(faultsOf(normalized.document, list)).toEqual([]);
    const wanted = KINDS[dirname(name)];
    if (wanted !== undefined) expect(normalized.kind).toBe(wanted);
    // A group's registration token is a secret, and the only thing that may be missing.
    const kept = normalized.kind === "groups" ? (secretRemover(RECORD_SECRETS.groups).text(text) ?? text) : text;
    expect(normalized.document).toMatchObject({ message: expect.any(String) as string, "@timestamp": expect.any(String) as string, event: { original: kept, id: expect.any(String) as string, action: expect.any(String) as string } });
    expect(recordOf(normalized.document, NAMESPACES[normalized.kind])).toEqual(parseExact(kept));
  });
});

function recordOf(document: JsonObject, name: string): Json | undefined {
  const vendor = document["sentinelone"];
  return isJsonObject(vendor) ? vendor[name] : undefined;
}
