/**
 * The sekoia profile: the documents that Sekoia's own intakes give for the same records, so that rules and searches that people wrote there
 * keep working. What is reproduced, slips included, is in the README.
 */
import type { RecordKind, RecordMap } from "../contract.ts";
import { mapActivity } from "./activities.ts";
import { mapAlert } from "./alerts.ts";
import { mapCloudFunnel } from "./cloud-funnel.ts";
import { mapThreat } from "./threats.ts";

/** Only what Sekoia has an intake for; it has none for agents, groups, applications, risks or cloud-detection alerts. */
export const SEKOIA_MAPS: Readonly<Partial<Record<RecordKind, RecordMap>>> = {
  alerts: mapAlert,
  threats: mapThreat,
  activities: mapActivity,
  "cloud-funnel": mapCloudFunnel,
};
