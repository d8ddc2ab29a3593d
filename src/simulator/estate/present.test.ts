import { describe, expect, it } from "vitest";
import { STREAM_IDS } from "../../kernel/stream-ids.ts";
import { startSimulator } from "../index.ts";

const ENDS_LATER = /expir|deadline|due/i;

function ahead(value: unknown, now: number, path: string, found: Set<string>): void {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && Date.parse(value) > now && !ENDS_LATER.test(path)) found.add(path);
  if (typeof value === "object" && value !== null) for (const [key, inner] of Object.entries(value)) ahead(inner, now, `${path}.${key}`, found);
}

describe("the estate", () => {
  it("has nothing that happened after the console's own now", async () => {
    const now = Date.parse("2026-05-01T12:00:00Z");
    const simulator = await startSimulator({ seed: 3, agents: 8_000, alerts: 600, threats: 600, activities: 2_000, risks: 2_000, now });
    const found = new Set<string>();
    for (const stream of STREAM_IDS) for (const record of simulator.truth(stream)) ahead(record, now, stream, found);
    await simulator.close();

    expect([...found]).toEqual([]);
  });
});
