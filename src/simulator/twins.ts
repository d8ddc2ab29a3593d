/**
 * A threat or a rule hit and the unified alert that stands for it are one thing in the console: what a client does to one shows on
 * the other. Changes that the control API makes are no client's, and stay where they are made.
 */
import type { SimulatedClock } from "./clock.ts";
import type { Estate } from "./estate/estate.ts";
import { readPath, type ApiRecord, type Value } from "./record.ts";
import { micros, millis } from "./times.ts";

type Rest = "threats" | "cloud-detection-alerts";

interface Side {
  readonly status: string;
  readonly verdict: string;
  readonly updated: string;
}

const REST: Readonly<Record<Rest, Side>> = {
  threats: { status: "threatInfo.incidentStatus", verdict: "threatInfo.analystVerdict", updated: "threatInfo.updatedAt" },
  "cloud-detection-alerts": { status: "alertInfo.incidentStatus", verdict: "alertInfo.analystVerdict", updated: "alertInfo.updatedAt" },
};

/** Alert value, threat value, and the words both REST shapes show. */
const STATUSES = [
  ["NEW", "unresolved", "Unresolved"],
  ["IN_PROGRESS", "in_progress", "In progress"],
  ["RESOLVED", "resolved", "Resolved"],
] as const;

/** The first whose alert value begins so; alerts tell verdicts in more detail. */
const VERDICTS = [
  ["TRUE_POSITIVE_BENIGN_BUT_SUSPICIOUS", "suspicious", "Suspicious"],
  ["TRUE_POSITIVE", "true_positive", "True positive"],
  ["FALSE_POSITIVE", "false_positive", "False positive"],
  ["UNDEFINED", "undefined", "Undefined"],
] as const;

/** Products whose alerts stand for a threat or a rule hit. */
const STANDING: readonly Value[] = ["EDR", "STAR"];

type Row = readonly [alert: string, threat: string, words: string];

function byAlert(rows: readonly Row[], value: Value): Row | undefined {
  return typeof value === "string" ? rows.find(([alert]) => value.startsWith(alert)) : undefined;
}

function byRest(rows: readonly Row[], value: Value): Row | undefined {
  return rows.find(([, threat, words]) => value === threat || value === words);
}

export class Twins {
  readonly #estate: Estate;
  readonly #clock: SimulatedClock;
  readonly #alertOf = new Map<Value, number>();
  #indexed = 0;

  constructor(estate: Estate, clock: SimulatedClock) {
    this.#estate = estate;
    this.#clock = clock;
  }

  /** Alerts are only ever added at the end, and keep the id of what they stand for. */
  #alertFor(id: Value): number | undefined {
    const { alerts } = this.#estate.streams;
    for (; this.#indexed < alerts.end; this.#indexed += 1) {
      const event = STANDING.includes(alerts.value(this.#indexed, "detectionSource.product")) && alerts.has(this.#indexed) ? alerts.value(this.#indexed, "externalId") : null;
      if (event !== null && !this.#alertOf.has(event)) this.#alertOf.set(event, this.#indexed);
    }
    const found = this.#alertOf.get(id);
    return found !== undefined && alerts.has(found) ? found : undefined;
  }

  /** Shows on its alert what was done to a threat or a rule hit. */
  fromRest(stream: Rest, record: ApiRecord): void {
    const { alerts } = this.#estate.streams;
    const ordinal = this.#alertFor(readPath(record, stream === "threats" ? "id" : "alertInfo.alertId"));
    if (ordinal === undefined) return;
    const side = REST[stream];
    const status = byRest(STATUSES, readPath(record, side.status));
    const verdict = byRest(VERDICTS, readPath(record, side.verdict));
    const set: Record<string, unknown> = {};
    if (status !== undefined && alerts.value(ordinal, "status") !== status[0]) set["status"] = status[0];
    // An alert's own, finer verdict stays as long as it means the same.
    if (verdict !== undefined && byAlert(VERDICTS, alerts.value(ordinal, "analystVerdict")) !== verdict) set["analystVerdict"] = verdict[0] === "TRUE_POSITIVE" || verdict[0] === "FALSE_POSITIVE" ? `${verdict[0]}_UNDEFINED` : verdict[0];
    if (readPath(record, "threatInfo.mitigationStatus") === "mitigated" && alerts.value(ordinal, "result") !== "MITIGATED") set["result"] = "MITIGATED";
    if (Object.keys(set).length === 0) return;
    // GraphQL times have milliseconds only.
    const stamp = this.#clock.stampAt(Math.ceil(this.#clock.stamp() / 1000) * 1000);
    alerts.patch(ordinal, { ...set, updatedAt: millis(stamp) }, stamp);
  }

  /** Shows on the threat or the rule hit what was done to the alert that stands for it. */
  fromAlert(alert: ApiRecord): void {
    const id = alert["externalId"];
    if (typeof id !== "string") return;
    for (const stream of ["threats", "cloud-detection-alerts"] as const) {
      const collection = this.#estate.streams[stream];
      const ordinal = collection.find(id)[0];
      if (ordinal === undefined) continue;
      const side = REST[stream];
      const at = stream === "threats" ? 1 : 2;
      const set: Record<string, unknown> = {};
      for (const [path, row] of [
        [side.status, byAlert(STATUSES, readPath(alert, "status"))],
        [side.verdict, byAlert(VERDICTS, readPath(alert, "analystVerdict"))],
      ] as const) {
        if (row === undefined || collection.value(ordinal, path) === row[at]) continue;
        set[path] = row[at];
        if (stream === "threats") set[`${path}Description`] = row[2];
      }
      if (Object.keys(set).length === 0) continue;
      const stamp = this.#clock.stamp();
      collection.patch(ordinal, { ...set, [side.updated]: micros(stamp) }, stamp);
    }
  }
}
