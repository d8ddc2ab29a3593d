/** The streams we mirror, in the order a first sync reads them: scopes and people first, then devices, then what happens on them. */
export const STREAM_IDS = [
  "accounts",
  "sites",
  "groups",
  "roles",
  "users",
  "service-users",
  "agents",
  "threats",
  "alerts",
  "cloud-detection-alerts",
  "activities",
  "applications",
  "risks",
] as const;

export type StreamId = (typeof STREAM_IDS)[number];

export function isStreamId(text: string): text is StreamId {
  return (STREAM_IDS as readonly string[]).includes(text);
}

/** `cloud-detection-alerts` → `cloud_detection_alerts`: the name of the mirror's view. */
export function viewName(id: StreamId): string {
  return id.replaceAll("-", "_");
}
