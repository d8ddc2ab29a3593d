/** The names and numbers that the maps hold against OCSF's own schema. Skipped where the schema is not there. */
import { describe, expect, it } from "vitest";
import * as classes from "./classes.ts";
import type { EventClass } from "./classes.ts";
import { LISTS } from "./embedded-shapes.ts";
import { shapes } from "./embedded.ts";
import * as enums from "./enums.ts";
import type { Captions } from "./enums.ts";
import { readSchema, violations, type Schema } from "./schema.test-kit.ts";

const SCHEMA = readSchema();
if (SCHEMA === null) process.stderr.write("SKIPPED: no schema of OCSF's to hold names and numbers against\n");

const CLASSES = Object.entries(classes).filter((entry): entry is [string, EventClass] => typeof entry[1] === "object");

/** Which attribute of which object each list is of. */
const PLACES: Readonly<Record<string, readonly [object: string, attribute: string]>> = {
  ACCOUNT_TYPE: ["account", "type_id"],
  AGENT_TYPE: ["agent", "type_id"],
  ANALYTIC_TYPE: ["analytic", "type_id"],
  DEVICE_TYPE: ["device", "type_id"],
  DIRECTION: ["network_connection_info", "direction_id"],
  ENTITY_TYPE: ["managed_entity", "type_id"],
  FILE_TYPE: ["file", "type_id"],
  HASH_ALGORITHM: ["fingerprint", "algorithm_id"],
  INTEGRITY: ["process", "integrity_id"],
  JOB_TYPE: ["job", "type_id"],
  KILL_CHAIN_PHASE: ["kill_chain_phase", "phase_id"],
  LOAD_TYPE: ["module", "load_type_id"],
  MALWARE_CLASS: ["malware", "classification_ids"],
  OS_TYPE: ["os", "type_id"],
  PROTOCOL_VERSION: ["network_connection_info", "protocol_ver_id"],
  RESOURCE_ROLE: ["resource_details", "role_id"],
  SCAN_TYPE: ["scan", "type_id"],
  SCRIPT_TYPE: ["script", "type_id"],
  SIGNATURE_ALGORITHM: ["digital_signature", "algorithm_id"],
  SIGNATURE_STATE: ["digital_signature", "state_id"],
  USER_TYPE: ["user", "type_id"],
  VERDICT: ["evidences", "verdict_id"],
};
const OF_CLASSES: Readonly<Record<string, readonly [uid: number, attribute: string]>> = {
  ACTION: [2004, "action_id"],
  CONFIDENCE: [2004, "confidence_id"],
  DISPOSITION: [2004, "disposition_id"],
  FINDING_STATUS: [2004, "status_id"],
  INJECTION_TYPE: [1007, "injection_type_id"],
  LOGON_TYPE: [3002, "logon_type_id"],
  OUTCOME: [3002, "status_id"],
  REMEDIATION_OUTCOME: [7001, "status_id"],
  SEVERITY: [2004, "severity_id"],
};

/** Embedded types by their letters. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  s: ["string_t", "hostname_t", "username_t", "file_name_t", "file_path_t", "file_hash_t", "process_name_t", "resource_uid_t", "url_t", "timestamp_t"],
  i: ["integer_t"],
  l: ["long_t"],
  b: ["boolean_t"],
  t: ["timestamp_t"],
  j: ["json_t"],
  ip: ["ip_t"],
  mac: ["mac_t"],
  port: ["port_t"],
  mail: ["email_t"],
  uuid: ["uuid_t"],
};

function wrongCaptions(captions: Captions, values: Readonly<Record<string, { readonly caption: string }>> | undefined): readonly string[] {
  return Object.entries(captions).filter(([id, caption]) => values?.[id]?.caption !== caption).map(([id, caption]) => `${id} ${caption}`);
}

describe.skipIf(SCHEMA === null)("names and numbers of OCSF", () => {
  const schema = SCHEMA as Schema;

  it("the version is the schema's", () => {
    expect(classes.OCSF_VERSION).toBe(schema.version);
  });

  it.each(CLASSES)("%s has the schema's numbers, captions and own attributes", (_name, { uid, name, categoryUid, category, activities, own }) => {
    const compiled = schema.classes.get(uid);

    expect(compiled?.caption).toBe(name);
    expect(compiled?.categoryUid).toBe(categoryUid);
    expect(schema.categories.get(categoryUid) ?? "Uncategorized").toBe(category);
    expect(wrongCaptions(activities, compiled?.attributes["activity_id"]?.enum)).toEqual([]);
    for (const attribute of ["actor", "device"] as const) expect(typeof compiled?.attributes[attribute]?.profile === "string").toBe(!own.includes(attribute) && compiled?.attributes[attribute] !== undefined);
  });

  it.each(Object.entries(enums).filter((entry): entry is [string, Captions] => typeof entry[1] === "object"))("%s holds numbers and captions of the schema's", (name, captions) => {
    const [object = "", attribute = ""] = PLACES[name] ?? [];
    const [uid = -1, ofClass = ""] = OF_CLASSES[name] ?? [];
    const values = (schema.objects.get(object)?.attributes[attribute] ?? schema.classes.get(uid)?.attributes[ofClass])?.enum;

    expect(values).toBeDefined();
    expect(wrongCaptions(captions, values)).toEqual([]);
  });

  it.each([...shapes()])("an embedded %s takes over attributes that the schema has, of the types it has them", (name, { attributes, oneOf }) => {
    const object = schema.objects.get(name);
    for (const { name: attribute, type, list } of attributes) {
      const known = object?.attributes[attribute];

      expect(known, attribute).toBeDefined();
      expect(known?.["@deprecated"], attribute).toBeUndefined();
      expect(known?.is_array === true, attribute).toBe(list);
      if (LISTS[type] === undefined) expect(TYPES[type] ?? [type], attribute).toContain(known?.type);
      else expect(wrongCaptions(LISTS[type], known?.enum), attribute).toEqual([]);
    }
    const required = Object.entries(object?.attributes ?? {}).filter(([, { requirement, profile }]) => requirement === "required" && typeof profile !== "string").map(([key]) => key);

    expect(attributes.filter((attribute) => attribute.required).map((attribute) => attribute.name)).toEqual(expect.arrayContaining(required));
    // Attributes that are not taken over cannot be the one that is asked for.
    if (object?.constraints.at_least_one !== undefined) expect(oneOf.every((one) => object.constraints.at_least_one?.includes(one) === true)).toBe(true);
    if (object?.constraints.at_least_one !== undefined) expect(oneOf.length > 0 || attributes.some((attribute) => attribute.required && object.constraints.at_least_one?.includes(attribute.name) === true)).toBe(true);
  });

  it("the validator finds what is wrong", () => {
    const event = { class_uid: 1007, category_uid: 1, type_uid: 100702, activity_id: 1, class_name: "Process", category_name: "System Activity", type_name: "Process Activity: Launch", time: 1.5, severity_id: 9, actor: {}, device: { type_id: 2, type: "Laptop", hostname: "h", ip: "300.1" }, process: { pid: 1, nonsense: true }, attacks: [], metadata: { version: schema.version, product: { name: "x" } } };

    const found = violations(event, schema);

    expect(found).toEqual([
      "type_uid: not class_uid * 100 + activity_id",
      "class_name: not Process Activity",
      "time: no integer",
      "severity_id: 9 is not in the list",
      "actor.: none of process, user, iam_role, invoked_by, session, app_name, app_uid",
      'device.type_id: 2 is Desktop, not "Laptop"',
      "device.ip: 300.1 is no ip_t",
      "process.nonsense: no such attribute",
      "attacks: belongs to the profile security_control, which the document does not name",
    ]);
  });
});
