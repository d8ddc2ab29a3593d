/**
 * Cloudflare's device posture rule of the type `sentinelone_s2s`, as its API answers it and as Terraform writes it, read as one of ours. Its
 * attributes are all required together. What the object says besides the rule (`id`, `account_id`, `schedule`, `input.connection_id`) is
 * kept; every other key is refused. Where the object leaves the comparison open, it is refused and not guessed.
 */
import { DURATION_FORM, readDuration } from "../kernel/durations.ts";
import { NETWORK_STATUSES, OPERATIONAL_STATES } from "./inputs.ts";
import { COMPARISONS, PLATFORMS, type Condition, type Leaf, type Platform, type RuleDraft } from "./model.ts";
import { entriesOf, expected, fieldsOf, flagAt, required, textAt, wordAt, wrong, type Fields, type Place } from "../kernel/reading.ts";

export const LONGEST = { name: 200, description: 4_000, message: 1_000, id: 200 } as const;

const RULE_KEYS = ["id", "account_id", "name", "type", "description", "schedule", "expiration", "match", "input"] as const;
const ATTRIBUTES = ["infected", "active_threats", "is_active", "network_status", "operational_state"] as const;
const INPUT_KEYS = ["connection_id", ...ATTRIBUTES, "operator"] as const;

/** Attributes of Cloudflare's other rule types: Terraform writes them all, null where they are not set. */
const OTHER_ATTRIBUTES: ReadonlySet<string> = new Set(
  "certificate_id check_disks check_private_key cn compliance_status count_operator domain eid_last_seen enabled exists extended_key_usage id issue_count last_seen locations operating_system os os_distro_name os_distro_revision os_version_extra overall path require_all risk_level running score score_operator sensor_config sha256 state subject_alternative_names thumbprint total_score update_window_days version version_operator".split(" "),
);

export function isCloudflareRule(value: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(value, "type") || Object.hasOwn(value, "input");
}

export function readCloudflareRule(place: Place): RuleDraft {
  const fields = withoutNulls(fieldsOf(place, RULE_KEYS, "A Cloudflare rule"));
  wordAt(required(fields, place, "type", "sentinelone_s2s"), ["sentinelone_s2s"]);
  const name = nameAt(required(fields, place, "name", "the rule's name"));
  const input = required(fields, place, "input", "an object with what to check");
  const { condition, connectionId } = readInput(input);
  return {
    id: null,
    name,
    description: optionalText(fields, "description", LONGEST.description) ?? "",
    shadow: false,
    match: readMatch(fields.get("match")),
    expirationMs: readExpiration(fields.get("expiration")),
    failMode: { kind: "closed" },
    warnOnly: false,
    matchBy: ["serial"],
    condition,
    messages: {},
    source: {
      id: optionalText(fields, "id", LONGEST.id),
      accountId: optionalText(fields, "account_id", LONGEST.id),
      connectionId,
      schedule: optionalText(fields, "schedule", LONGEST.id),
    },
  };
}

export function nameAt(place: Place): string {
  const name = textAt(place, "the rule's name", LONGEST.name);
  if (name.trim() === "") throw expected(place, "a name that is not blank");
  return name;
}

/** Empty is as good as left out: Cloudflare then keeps a result until it is overwritten, we use the connection's default. */
export function readExpiration(place: Place | undefined): number | null {
  if (place === undefined || place.value === null || place.value === "") return null;
  const ms = typeof place.value === "string" ? readDuration(place.value) : null;
  if (ms === null) throw expected(place, DURATION_FORM);
  return ms;
}

function readMatch(place: Place | undefined): readonly Platform[] {
  if (place === undefined) return [];
  const platforms = entriesOf(place, "a list like [{\"platform\": \"windows\"}]", 100).map((entry) => {
    const fields = fieldsOf(entry, ["platform"], "An entry of match");
    return wordAt(required(fields, entry, "platform", `one of ${PLATFORMS.join(", ")}`), PLATFORMS);
  });
  return PLATFORMS.filter((platform) => platforms.includes(platform));
}

function readInput(place: Place): { readonly condition: Condition; readonly connectionId: string | null } {
  const fields = inputFields(place);
  // Cloudflare asks for it, and it decides nothing here: a rule written by hand may leave it out.
  const connectionId = optionalText(fields, "connection_id", LONGEST.id);
  const operator = fields.get("operator");
  const comparison = operator === undefined ? null : wordAt(operator, COMPARISONS);
  const leaves: Leaf[] = [];
  for (const input of ATTRIBUTES) {
    const found = fields.get(input);
    if (found === undefined) continue;
    switch (input) {
      case "infected":
      case "is_active":
        leaves.push({ input, operator: "==", value: flagAt(found) });
        break;
      case "active_threats":
        if (typeof found.value !== "number" || !Number.isFinite(found.value)) throw expected(found, "a number");
        if (comparison === null) throw wrong({ path: `${place.path}.operator`, value: undefined }, `missing; active_threats is compared by one of ${COMPARISONS.join(" ")}, and which is meant cannot be told.`);
        leaves.push({ input, operator: comparison, value: found.value });
        break;
      case "network_status":
        leaves.push({ input, operator: "==", value: wordAt(found, NETWORK_STATUSES) });
        break;
      case "operational_state":
        leaves.push({ input, operator: "==", value: wordAt(found, OPERATIONAL_STATES) });
        break;
    }
  }
  const [first] = leaves;
  if (first === undefined) throw wrong(place, `asks for nothing, so every device would pass. Give at least one of ${ATTRIBUTES.join(", ")}.`);
  return { condition: leaves.length === 1 ? first : { all: leaves }, connectionId };
}

/** The operator belongs to `active_threats` alone; beside another attribute it is an equality that is there anyway. */
function inputFields(place: Place): Fields {
  const fields = withoutNulls(fieldsOf(place, [...INPUT_KEYS, ...OTHER_ATTRIBUTES], "The input of a rule", INPUT_KEYS));
  for (const [key, found] of fields) {
    if (OTHER_ATTRIBUTES.has(key)) throw wrong(found, `belongs to rules of another type. A sentinelone_s2s rule has ${INPUT_KEYS.join(", ")}.`);
  }
  return fields;
}

function optionalText(fields: Fields, key: string, most: number): string | null {
  const place = fields.get(key);
  return place === undefined ? null : textAt(place, "text", most);
}

/** Null means "not set" in Cloudflare's answers and in Terraform's state. */
function withoutNulls(fields: Fields): Fields {
  return new Map([...fields].filter(([, place]) => place.value !== null));
}
