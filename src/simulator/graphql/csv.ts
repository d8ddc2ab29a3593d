/** Exports: comma-separated text with a header row, values quoted where they must be. */
import { readPath, type ApiRecord, type Value } from "../record.ts";

function cell(value: Value): string {
  const text = value === null ? "" : typeof value === "object" ? value.join("; ") : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line per record; columns are dotted paths. */
export function csv(columns: readonly string[], records: Iterable<ApiRecord>): string {
  const lines = [columns.join(",")];
  for (const record of records) lines.push(columns.map((path) => cell(readPath(record, path))).join(","));
  return `${lines.join("\n")}\n`;
}

export const ALERT_COLUMNS = [
  "id",
  "externalId",
  "name",
  "severity",
  "status",
  "analystVerdict",
  "classification",
  "confidenceLevel",
  "result",
  "detectedAt",
  "updatedAt",
  "detectionSource.product",
  "detectionSource.vendor",
  "assets.name",
  "assignee.fullName",
  "realTime.scope.account.name",
  "realTime.scope.site.name",
  "realTime.scope.group.name",
] as const;
