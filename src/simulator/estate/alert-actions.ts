/** Which actions the console offers on an alert, by what raised it. */
import { isRecord, type ApiRecord } from "../record.ts";

const EVERY = ["S1/alert/statusUpdate", "S1/alert/analystVerdictUpdate", "S1/alert/assignUser", "S1/alert/setTicketId", "S1/alert/addNote", "S1/alert/eventSearch", "S1/aiInvestigation/run"] as const;
const ON_FILE = ["S1/kill", "S1/quarantine", "S1/remediate", "S1/rollback", "S1/addToBlocklist", "S1/addToExclusions", "S1/downloadDetectedFile"] as const;
const ON_MACHINE = ["S1/disconnectFromNetwork", "S1/runScript", "S1/forensicsCollection"] as const;

export type ActionId = (typeof EVERY)[number] | (typeof ON_FILE)[number] | (typeof ON_MACHINE)[number];

/** Only our own products act on a file or a machine. */
export function actionIds(alert: ApiRecord): readonly ActionId[] {
  const source = isRecord(alert["detectionSource"]) ? alert["detectionSource"] : {};
  if (source["vendor"] !== "SentinelOne") return EVERY;
  if (source["product"] === "EDR") return [...EVERY, ...ON_FILE, ...ON_MACHINE];
  return source["product"] === "STAR" || source["product"] === "CWS" ? [...EVERY, "S1/kill", ...ON_MACHINE] : EVERY;
}
