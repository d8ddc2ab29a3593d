/** The native maps to ECS, one for each kind of record. */
import type { RecordKind, RecordMap } from "../contract.ts";
import { activityToEcs } from "./activities.ts";
import { agentToEcs } from "./agents.ts";
import { alertToEcs } from "./alerts.ts";
import { applicationToEcs } from "./applications.ts";
import { cloudDetectionAlertToEcs } from "./cloud-detection-alerts.ts";
import { cloudFunnelToEcs } from "./cloud-funnel.ts";
import { groupToEcs } from "./groups.ts";
import { riskToEcs } from "./risks.ts";
import { threatToEcs } from "./threats.ts";

export const ECS_MAPS: Readonly<Record<RecordKind, RecordMap>> = {
  alerts: alertToEcs,
  threats: threatToEcs,
  "cloud-detection-alerts": cloudDetectionAlertToEcs,
  activities: activityToEcs,
  agents: agentToEcs,
  groups: groupToEcs,
  applications: applicationToEcs,
  risks: riskToEcs,
  "cloud-funnel": cloudFunnelToEcs,
};
