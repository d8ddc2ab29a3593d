/** How to make an API token, as the hub tells it (`GET /api/v1/guide`), for a terminal. */
import type { CliContext } from "./command.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

export async function printGuide(context: CliContext, api: ApiClient, json: boolean): Promise<number> {
  const guide = await api.request<unknown>("GET", "/api/v1/guide");
  if (json) context.out.json(guide);
  else printPart(context, guide, 0);
  return 0;
}

/** Titles, steps and sentences of any depth: the guide is text, and grows without this command changing. */
function printPart(context: CliContext, part: unknown, depth: number): void {
  const { out } = context;
  const indent = "  ".repeat(depth);
  if (typeof part === "string") {
    out.line(`${indent}${clean(part)}`);
  } else if (Array.isArray(part)) {
    for (const [index, item] of part.entries()) {
      if (typeof item === "string") out.line(`${indent}${String(index + 1)}. ${clean(item)}`);
      else printPart(context, item, depth);
    }
  } else if (typeof part === "object" && part !== null) {
    for (const [name, value] of Object.entries(part)) {
      if (name === "title" && typeof value === "string") out.line(`\n${indent}${out.paint(clean(value), "bold")}`);
      else if (name === "id") continue;
      else printPart(context, value, depth + 1);
    }
  }
}
