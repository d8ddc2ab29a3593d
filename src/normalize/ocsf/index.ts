/** Maps to OCSF, one for each kind of record. */
import type { RecordKind, RecordMap } from "../contract.ts";
import { activityMap } from "./activities.ts";
import { agentMap } from "./agents.ts";
import { alertMap } from "./alerts.ts";
import { applicationMap } from "./applications.ts";
import { cloudDetectionAlertMap } from "./cloud-detection-alerts.ts";
import { cloudFunnelMap } from "./cloud-funnel.ts";
import { groupMap } from "./groups.ts";
import { riskMap } from "./risks.ts";
import { threatMap } from "./threats.ts";

export const OCSF_MAPS: Readonly<Record<RecordKind, RecordMap>> = {
  alerts: alertMap,
  threats: threatMap,
  "cloud-detection-alerts": cloudDetectionAlertMap,
  activities: activityMap,
  agents: agentMap,
  groups: groupMap,
  applications: applicationMap,
  risks: riskMap,
  "cloud-funnel": cloudFunnelMap,
};
