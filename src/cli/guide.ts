/** How to make an API token, as the hub tells it (`GET /api/v1/guide`), for a terminal. */
import type { CliContext } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

interface GuidePart {
  readonly title: string;
  readonly steps: readonly string[];
}

export async function printGuide(context: CliContext, api: ApiClient, json: boolean): Promise<number> {
  const { out } = context;
  const guide = await api.request<readonly GuidePart[]>("GET", "/api/v1/guide");
  if (json) {
    out.json(guide);
    return EXIT_OK;
  }
  for (const [index, part] of guide.entries()) {
    if (index > 0) out.line();
    out.line(out.paint(clean(part.title), "bold"));
    for (const [step, text] of part.steps.entries()) out.line(`  ${String(step + 1)}. ${clean(text)}`);
  }
  return EXIT_OK;
}
