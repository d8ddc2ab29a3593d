import { afterEach, describe, expect, it } from "vitest";
import { startReceiver, type Receiver } from "./receiver.ts";

let receiver: Receiver | undefined;

afterEach(() => receiver?.close());

async function sent(id: string, path = "/tickets"): Promise<number> {
  return (await fetch(`${receiver?.url ?? ""}${path}`, { method: "POST", headers: { "webhook-id": id }, body: "{}" })).status;
}

describe("a receiver of the demo", () => {
  it("takes most deliveries, finds some wrong, and takes those when they are sent again", async () => {
    receiver = await startReceiver({ now: () => 0, latencyMs: 0 });
    const ids = Array.from({ length: 120 }, (_, number) => `dlv_${String(number)}`);
    const first = new Map(await Promise.all(ids.map(async (id) => [id, await sent(id)] as const)));
    const wrong = ids.filter((id) => first.get(id) === 422);

    expect(new Set(first.values())).toEqual(new Set([202, 422]));
    expect(wrong.length).toBeLessThan(20);
    expect(await Promise.all(wrong.map((id) => sent(id)))).toEqual(wrong.map(() => 202));
    expect(await Promise.all(wrong.map((id) => sent(id, "/access")))).toEqual(wrong.map(() => 202));
  });

  it("is away at the end of every five minutes, and says when to come back", async () => {
    let now = 4 * 60_000;
    receiver = await startReceiver({ now: () => now, latencyMs: 0 });
    expect(await sent("one", "/access")).toBe(202);
    now += 40_000;
    const answer = await fetch(receiver.url, { method: "POST", body: "{}" });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "15"]);
    now += 20_000;
    expect(await sent("one", "/access")).toBe(202);
  });
});
