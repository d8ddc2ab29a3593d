/** The streams there are, in the order a first sync reads them: scopes and people first, then devices, then what happens on them. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import { STREAM_IDS } from "../../kernel/stream-ids.ts";
import { accounts } from "./accounts.ts";
import { activities } from "./activities.ts";
import { agents } from "./agents.ts";
import { alerts } from "./alerts.ts";
import { applications } from "./applications.ts";
import { cloudDetectionAlerts } from "./cloud-detection-alerts.ts";
import { groups } from "./groups.ts";
import { risks } from "./risks.ts";
import { roles } from "./roles.ts";
import { serviceUsers } from "./service-users.ts";
import { sites } from "./sites.ts";
import type { Stream } from "./stream.ts";
import { threats } from "./threats.ts";
import { users } from "./users.ts";

const BY_ID = {
  accounts,
  sites,
  groups,
  roles,
  users,
  "service-users": serviceUsers,
  agents,
  threats,
  alerts,
  "cloud-detection-alerts": cloudDetectionAlerts,
  activities,
  applications,
  risks,
} as const satisfies Record<StreamId, Stream>;

export const STREAMS: readonly Stream[] = STREAM_IDS.map((id) => BY_ID[id]);

export function streamOf(id: StreamId): Stream {
  return BY_ID[id];
}
