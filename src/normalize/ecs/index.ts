/** The native maps to ECS, one for each kind of record. */
import type { RecordKind, RecordMap } from "../contract.ts";
import { groupToEcs } from "./groups.ts";

export const ECS_MAPS: Readonly<Partial<Record<RecordKind, RecordMap>>> = {
  groups: groupToEcs,
};
