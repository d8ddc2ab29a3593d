/** Cloudflare's caller against a whole hub: what it is told follows the console, and it is never told that something unknown is healthy. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { CLEAN, MINUTE, openWorldWithReceiver, SICK, WELL, type PostureWorld } from "./bench.ts";

interface Added {
  readonly client_id: string;
  readonly client_secret: string;
  readonly url: string;
}

let bench: PostureWorld;
let added: Added;
beforeEach(async () => {
  bench = await openWorldWithReceiver();
  added = (await bench.http("POST", "/api/v1/posture/providers", { kind: "cloudflare" })).body as Added;
});
afterEach(() => bench.close());

const PATH = "/integrations/cloudflare/posture";

function call(payload: object, secret = added.client_secret): Promise<{ readonly status: number; readonly body: unknown }> {
  return bench.http("POST", PATH, payload, { "cf-access-client-id": added.client_id, "cf-access-client-secret": secret });
}

/** As Cloudflare writes them: what it does not know is blank. */
function asked(...serials: readonly string[]): readonly object[] {
  return serials.map((serial, place) => ({ device_id: `cf-${String(place)}`, email: "", serial_number: serial, mac_address: "", virtual_ipv4: "", hostname: "" }));
}

it("a device gets 100 with its agent's id, 0 after it was infected, and 100 again, while one webhook is sent for each change", async () => {
  const scores: unknown[] = [];
  for (const set of [{}, SICK, WELL]) {
    if (Object.keys(set).length > 0) bench.become(bench.device, set);
    await bench.round();
    scores.push((await call({ devices: asked(bench.device.serial) })).body);
  }

  expect(scores).toEqual([100, 0, 100].map((score) => ({ result: { "cf-0": { s2s_id: bench.device.id, score } } })));
  expect(bench.receiver.taken.map(({ body: { data } }) => [data.previous, data.outcome])).toEqual([["pass", "fail"], ["fail", "pass"]]);
});

it("every device asked for has an entry: known, in other letters, unknown, blank and placeholder", async () => {
  const { status, body } = await call({ Devices: asked(bench.device.serial, ` ${bench.device.serial.toLowerCase()} `, "nobody-has-this", "", "To be filled by O.E.M.") });

  const known = { s2s_id: bench.device.id, score: 100 };
  const unknown = { s2s_id: "", score: 0 };
  expect([status, body]).toEqual([200, { result: { "cf-0": known, "cf-1": known, "cf-2": unknown, "cf-3": unknown, "cf-4": unknown } }]);
});

it("0 for a device whose evidence has run out, however healthy it was", async () => {
  bench.clock.advance(11 * MINUTE);

  expect((await call({ devices: asked(bench.device.serial) })).body).toEqual({ result: { "cf-0": { s2s_id: bench.device.id, score: 0 } } });
});

it("nobody without the secret is answered, an audit event says so, and 0 or 1001 devices are a clear error", async () => {
  expect([(await call({ devices: asked("x") }, "wrong")).status, (await bench.http("POST", PATH, { devices: asked("x") }, { accept: "*/*" })).status]).toEqual([403, 403]);
  const { body } = await bench.http("GET", "/api/v1/audit");
  expect((body as { readonly items: readonly { readonly event: string }[] }).items.filter(({ event }) => event === "provider.refused")).toHaveLength(2);

  for (const size of [0, 1001]) {
    const refused = await call({ devices: asked(...Array.from({ length: size }, () => "x")) });
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([400, expect.stringContaining("CONFIG_INVALID")]);
  }
});

it("a thousand devices are answered without a request to the console", async () => {
  bench.world.simulator.resetRequests();
  const { body } = await call({ devices: asked(...Array.from({ length: 1000 }, (_unused, place) => (place === 7 ? bench.device.serial : `none-${String(place)}`))) });

  const entries = Object.values((body as { readonly result: Readonly<Record<string, { readonly score: number }>> }).result);
  expect([entries.length, entries.filter(({ score }) => score === 100).length, bench.world.simulator.requests().total]).toEqual([1000, 1, 0]);
});

it("what the rules would do is counted over the same devices, and a check over HTTP says the same as Cloudflare is told", async () => {
  bench.become(bench.device, SICK);
  await bench.round();

  const whatIf = await bench.http("POST", "/api/v1/posture/whatif", { rules: [CLEAN] });
  const check = await bench.http("GET", `/api/v1/posture/devices?serial=${encodeURIComponent(bench.device.serial)}`);
  expect([whatIf.status, check.status]).toEqual([200, 200]);
  expect((whatIf.body as { readonly outcomes: { readonly fail: number } }).outcomes.fail).toBeGreaterThan(0);
  expect(check.body).toMatchObject({ score: 0, device: { agentId: bench.device.id }, verdicts: [{ outcome: "fail", conditions: [{ input: "infected", expected: false, received: true }] }] });
});
