/** What every kind of destination promises. A kind joins by its harness: how to look at what arrived, and how to make it ill and well. */
import { Compile } from "typebox/compile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Delivery, Destination } from "../../src/delivery/destination.ts";
import type { QueuedFact } from "../../src/delivery/document.ts";
import { outgoing } from "../../src/delivery/test-bench.ts";
import { allKinds, HARNESSES, TENANT, type Harness } from "./destination-harnesses.ts";

it("every kind of destination is held by this suite", () => {
  expect(allKinds([]).map((kind) => kind.id).toSorted()).toEqual(Object.keys(HARNESSES).toSorted());
});

function delivery(number: number, more: Partial<QueuedFact> = {}): Delivery {
  return outgoing({ id: `dlv_${String(number).padStart(40, "0")}`, tenant: TENANT, key: `key ${String(number)}`, orderKey: `o${String(number % 3)}`, body: JSON.stringify({ number }), ...more });
}

describe.each(Object.keys(HARNESSES))("a destination of the kind %s", (name) => {
  let harness: Harness;
  let destination: Destination;
  const signal = (): AbortSignal => AbortSignal.timeout(20_000);

  beforeEach(async () => {
    const make = HARNESSES[name];
    if (make === undefined) throw new Error("no harness");
    harness = await make();
    destination = harness.kind.open(harness.kind.admit(harness.config, TENANT).settings, TENANT);
  });
  afterEach(async () => {
    await destination.close();
    await harness.close();
  });

  it("takes a batch: one receipt each, everything over there once, each key in order", async () => {
    const batch = Array.from({ length: 40 }, (_, number) => delivery(number));
    const receipts = await destination.send(batch, signal());

    expect(receipts).toEqual(batch.map(() => ({ outcome: "accepted" })));
    const arrived = harness.arrived();
    expect(arrived.map((one) => one.id).toSorted()).toEqual(batch.map((one) => one.id));
    for (const key of [0, 1, 2]) {
      const numbers = arrived.map((one) => (one.data as { number: number }).number).filter((number) => number % 3 === key);
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
  });

  it("hands over id, kind, key, version, time and data as they were queued, hostile text among them", async () => {
    const hostile = { text: '"}\n{"id":"dlv_other"}\r\n\u0000\u2028\ud800 =cmd|calc \u202e', deep: [{ __proto__: 1 }], large: "12345678901234567890" };
    await destination.send([delivery(1, { key: 'a\n"b', version: "7", body: JSON.stringify(hostile) })], signal());

    const [arrived] = harness.arrived();
    expect(harness.arrived()).toHaveLength(1);
    expect(arrived).toMatchObject({ id: delivery(1).id, type: "test.fact", key: 'a\n"b', version: "7", timestamp: "2026-11-20T00:00:00.000Z", tenant: TENANT });
    expect(JSON.stringify(arrived?.data)).toBe(JSON.stringify(hostile));
  });

  it("in trouble accepts nothing and refuses nothing; what it was given goes when it is well", async () => {
    harness.fallIll();
    const batch = [delivery(0), delivery(1), delivery(3)];
    const ill = await destination.send(batch, signal());
    expect(ill.map((receipt) => receipt.outcome)).toEqual(["again-after", "again-after", "again-after"]);
    expect(ill.filter((receipt) => receipt.outcome === "again-after" && receipt.blame === "destination").length).toBeGreaterThan(0);
    // The second of its key must not be tried before the first.
    expect(ill.every((receipt) => receipt.outcome !== "again-after" || receipt.reason.length > 5)).toBe(true);

    harness.heal();
    expect(harness.arrived()).toEqual([]);
    expect((await destination.send(batch, signal())).map((receipt) => receipt.outcome)).toEqual(["accepted", "accepted", "accepted"]);
    expect(harness.arrived()).toHaveLength(3);
  });

  it("sends a repeat byte for byte the same", async () => {
    await destination.send([delivery(5)], signal());
    await destination.send([delivery(5)], signal());
    const texts = harness.arrived().map((one) => one.text);

    expect(texts).toHaveLength(harness.kind.repeats === "visible" ? 2 : 1);
    expect(new Set(texts).size).toBe(1);
  });

  it("begins nothing once it was told to stop", async () => {
    const receipts = await destination.send([delivery(1), delivery(2)], AbortSignal.abort());

    expect(receipts.map((receipt) => receipt.outcome === "accepted" || receipt.outcome === "again-after")).toEqual([true, true]);
    expect(harness.arrived().length).toBe(receipts.filter((receipt) => receipt.outcome === "accepted").length);
  });

  it("checks without sending anything", async () => {
    await destination.check(signal());
    expect(harness.arrived()).toEqual([]);
  });

  it("refuses a wrong configuration with its place, and shows no secret of a right one", async () => {
    const schema = Compile(harness.kind.config);
    for (const [why, config] of Object.entries(harness.wrong)) {
      const admit = (): unknown => {
        if (!schema.Check(config)) throw new Error("schema");
        return harness.kind.admit(config, TENANT);
      };
      expect(admit, why).toThrow();
    }
    const admitted = harness.kind.admit(harness.config, TENANT);
    for (const secret of harness.secrets) expect(JSON.stringify(admitted.shown)).not.toContain(secret);
  });

  it("comes back from its sealed settings as it was", async () => {
    const again = harness.kind.open(harness.kind.admit(harness.config, TENANT).settings, TENANT);
    await again.send([delivery(9)], signal());
    await again.close();
    expect(harness.arrived()).toHaveLength(1);
    expect(() => harness.kind.open("{}", TENANT)).toThrow(/stored configuration/);
  });

  it("takes a new secret where it has one, and goes on with it", async () => {
    const { rotate } = harness.kind;
    if (rotate === undefined) return;
    const { settings, shown } = rotate(harness.kind.admit(harness.config, TENANT).settings, harness.newSecret, Date.UTC(2026, 11, 1));
    const again = harness.kind.open(settings, TENANT);
    const [receipt] = await again.send([delivery(9)], signal());
    await again.close();
    // The receiver knows the old one alone.
    expect(receipt).toMatchObject(harness.kind.id === "webhook" ? { outcome: "refused" } : { outcome: "again-after", blame: "destination", reason: expect.stringMatching(/40[134]|535/) as string });
    expect(JSON.stringify(shown)).not.toContain(harness.newSecret);
  });

  it("puts hostile text through as text: one delivery stays one, whatever its record says", async () => {
    const record = { stream: "alerts" as const, severity: "high" as const, console: null, raw: HOSTILE };
    const key = 'k"\r\n<11>1 - - - - - forged\u001b[2J] \u202e\\';
    await destination.send([delivery(1, { kind: "alerts.new", key, version: '"]\n', record }), delivery(2)], signal());

    const arrived = harness.arrived();
    expect(arrived.map((one) => one.id)).toEqual([delivery(1).id, delivery(2).id]);
    expect(arrived[0]).toMatchObject({ key, version: '"]\n', data: { number: 1, record: JSON.parse(HOSTILE) as unknown } });
    expect(({} as Readonly<Record<string, unknown>>)["polluted"]).toBeUndefined();
    // Read by people, on terminals: nothing in it steers one.
    if (harness.forEyes) expect(harness.arrived()[0]?.text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

const HOSTILE = JSON.stringify({
  html: "<script>alert(1)</script>",
  ansi: "\u001b]0;owned\u0007\u001b[2J\u009b31m",
  lines: 'a\r\nb\n<34>1 2026-01-01T00:00:00Z evil app - ID47 [x y="z"] forged\u2028\u2029\u0085',
  count: "999 <34>1 - - - - - forged",
  bulk: '"}\n{"create":{"_id":"dlv_forged"}}\n{"a":"',
  bidi: "\u202egnp.exe\u2066\u200b\ufeff",
  formula: '=cmd|"/c calc"!A1',
  nul: "a\u0000b",
  emoji: "\ud83d\udc69\u200d\ud83d\ude80 \u00e9\u4e2d",
}).replace("{", '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"lone":"\\ud800",');

