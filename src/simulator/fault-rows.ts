/** Schema surprises: what faults do to the records of a listing, one by one. */
import type { Fault } from "./faults.ts";
import { hashText } from "./random.ts";
import { exactNumber, isRecord, withPath, type ApiRecord } from "./record.ts";

const LARGEST = "9223372036854775807";

/** The rows after a fault about records, or undefined where it finds nothing to change. */
export function distortRows(rows: readonly unknown[], fault: Fault): readonly unknown[] | undefined {
  const change = changeOf(fault);
  if (change === undefined) return undefined;
  let changed = false;
  const result = rows.map((row, at) => {
    if (fault.kind === "missing-id" && at > 0) return row;
    const next = onRow(row, change);
    if (next !== row) changed = true;
    return next;
  });
  return changed ? result : undefined;
}

type Change = (record: ApiRecord) => ApiRecord;

function onRow(row: unknown, change: Change): unknown {
  if (!isRecord(row)) return row;
  if (!isRecord(row["node"])) return change(row);
  const node = change(row["node"]);
  return node === row["node"] ? row : { ...row, node };
}

function changeOf(fault: Fault): Change | undefined {
  switch (fault.kind) {
    case "missing-id":
      return (record) => without(record, "id");
    case "numeric-id":
      return (record) => replaced(record, "id", (id) => (typeof id === "string" && /^\d+$/u.test(id) ? exactNumber(id) : hashText(String(id))));
    case "missing-field":
      return (record) => without(record, fault.field);
    case "null-field":
      return (record) => replaced(record, fault.field, () => null);
    case "renamed-field":
      return (record) => renamed(record, fault.field, fault.to ?? `${fault.field}New`);
    case "wrong-type":
      return (record) => replaced(record, fault.field, (value) => (typeof value === "number" ? String(value) : hashText(JSON.stringify(value))));
    case "big-number":
      return (record) => replaced(record, fault.field, () => exactNumber(LARGEST));
    default:
      return undefined;
  }
}

/** What holds the last part of a dotted name, undefined where it is not there. */
function holderOf(record: ApiRecord, path: string): { readonly parent: string; readonly name: string; readonly holder: ApiRecord } | undefined {
  const parts = path.split(".");
  const name = parts.pop() ?? "";
  let holder: unknown = record;
  for (const part of parts) holder = isRecord(holder) ? holder[part] : undefined;
  return isRecord(holder) && Object.hasOwn(holder, name) ? { parent: parts.join("."), name, holder } : undefined;
}

function withHolder(record: ApiRecord, parent: string, holder: ApiRecord): ApiRecord {
  return parent === "" ? holder : withPath(record, parent, holder);
}

function without(record: ApiRecord, path: string): ApiRecord {
  const found = holderOf(record, path);
  if (found === undefined) return record;
  return withHolder(record, found.parent, Object.fromEntries(Object.entries(found.holder).filter(([name]) => name !== found.name)));
}

function replaced(record: ApiRecord, path: string, value: (old: unknown) => unknown): ApiRecord {
  const found = holderOf(record, path);
  return found === undefined ? record : withHolder(record, found.parent, { ...found.holder, [found.name]: value(found.holder[found.name]) });
}

/** The new name stands beside the old one's place. */
function renamed(record: ApiRecord, path: string, to: string): ApiRecord {
  const found = holderOf(record, path);
  const name = to.split(".").at(-1) ?? to;
  return found === undefined ? record : withHolder(record, found.parent, Object.fromEntries(Object.entries(found.holder).map(([key, value]) => [key === found.name ? name : key, value])));
}
