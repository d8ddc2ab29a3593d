/** The answer of `POST /api/v1/sql`, line by line: columns, then rows, and a fault where it broke. */
import { FAULT_CODES, Fault, type FaultCode } from "../kernel/fault.ts";

export type ResultEvent = { readonly kind: "columns"; readonly columns: readonly string[] } | { readonly kind: "row"; readonly row: readonly unknown[] };

export async function* readResult(lines: AsyncIterable<unknown>): AsyncGenerator<ResultEvent> {
  let begun = false;
  for await (const line of lines) {
    if (Array.isArray(line)) {
      if (!begun) throw unexpected();
      yield { kind: "row", row: line as readonly unknown[] };
    } else if (isObject(line) && Array.isArray(line["columns"])) {
      begun = true;
      yield { kind: "columns", columns: line["columns"].map(columnName) };
    } else if (isObject(line) && isObject(line["fault"])) {
      throw faultOf(line["fault"]);
    } else {
      throw unexpected();
    }
  }
  if (!begun) throw unexpected();
}

/** A column is its name, or an object with one. */
function columnName(column: unknown): string {
  if (typeof column === "string") return column;
  return isObject(column) && typeof column["name"] === "string" ? column["name"] : "?";
}

function faultOf(view: Readonly<Record<string, unknown>>): Fault {
  const code = typeof view["code"] === "string" && isCode(view["code"]) ? view["code"] : "INTERNAL";
  const message = typeof view["message"] === "string" ? view["message"] : "The query failed.";
  return new Fault(code, message, typeof view["cure"] === "string" ? { cure: view["cure"] } : {});
}

function isCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULT_CODES, code);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unexpected(): Fault {
  return new Fault("HUB_UNREACHABLE", "The hub's answer is not a result of a query.", { cure: "Compare `vedette --version` with the hub's in `vedette status`." });
}
