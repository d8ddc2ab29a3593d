/** Which kinds of activities make which changes of access. Numbers: the console's activity types, facts on activities (section 7). */
import type { ChangeRow } from "./tables.ts";

const USER_ADDED = [23, 1023];
const USER_CHANGED = [24, 37];
const USER_DELETED = [25, 102];
const TWO_FACTOR = [42, 67, 145, 146, 147, 3626, 3628, 3629];
const TOKEN = [110, 111, 112, 113, 114];
const PASSWORD = [3710, 3711, 3715];
const SERVICE_ADDED = [140];
const SERVICE_CHANGED = [141];
const SERVICE_DELETED = [142];
const ROLE = { added: [107], changed: [108], removed: [109] } as const;
/** The life of groups, sites and accounts. */
const PLACES = [5006, 5008, 5011, 5012, ...Array.from({ length: 11 }, (_, n) => 5020 + n), ...Array.from({ length: 7 }, (_, n) => 5040 + n)];

/** What somebody does to his own user, without naming it again. */
export const OF_ONESELF: ReadonlySet<number> = new Set([145, 146, 147, 112, 113, 114, ...PASSWORD]);

/** Everything that is ever asked for. */
export const ACCESS_ACTIVITY_TYPES: readonly number[] = [...USER_ADDED, ...USER_CHANGED, ...USER_DELETED, ...TWO_FACTOR, ...TOKEN, ...PASSWORD, ...SERVICE_ADDED, ...SERVICE_CHANGED, ...SERVICE_DELETED, ...ROLE.added, ...ROLE.changed, ...ROLE.removed, ...PLACES];

export function typesFor({ subject, change, field, principal_kind: kind }: Pick<ChangeRow, "subject" | "change" | "field" | "principal_kind">): ReadonlySet<number> {
  if (subject === "role") return new Set(ROLE[change]);
  if (subject === "scope") return new Set(PLACES);
  const service = kind === "service-user";
  if (subject === "binding") return new Set(service ? [...SERVICE_CHANGED, ...(change === "added" ? SERVICE_ADDED : SERVICE_DELETED)] : [...USER_CHANGED, ...(change === "added" ? USER_ADDED : USER_DELETED)]);
  if (change === "added") return new Set(service ? SERVICE_ADDED : USER_ADDED);
  if (change === "removed") return new Set(service ? SERVICE_DELETED : USER_DELETED);
  if (field !== null && field.startsWith("twoFa")) return new Set([...TWO_FACTOR, ...USER_CHANGED]);
  if (field === "token" || field === "canGenerateApiToken") return new Set([...TOKEN, ...(service ? SERVICE_CHANGED : USER_CHANGED)]);
  return new Set(service ? SERVICE_CHANGED : [...USER_CHANGED, ...PASSWORD]);
}
