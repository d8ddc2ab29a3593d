/**
 * The unified-alerts schema: names, arguments, enums and nullability as a production console declares them. Left out: `@defer`, which the
 * engine here does not answer in parts, and the OCSF objects the simulator never fills.
 */
import { ALERTS } from "./schema-alerts.ts";
import { ENUMS, VIEW_TYPES } from "./schema-enums.ts";
import { OCSF } from "./schema-ocsf.ts";
import { OPERATIONS } from "./schema-operations.ts";
import { WORK } from "./schema-work.ts";

const VIEW_TYPE = `enum ViewType { ${VIEW_TYPES.map((view) => (view === "STAR" ? 'STAR @deprecated(reason: "Replaced with CUSTOM_ALERTS")' : view)).join(" ")} }`;

export const SCHEMA_TEXT = [OPERATIONS, ALERTS, WORK, OCSF, ...Object.entries(ENUMS).map(([name, values]) => `enum ${name} { ${values} }`), VIEW_TYPE].join("\n");

export function enumValues(name: string): readonly string[] {
  return ENUMS[name]?.split(" ") ?? [];
}
