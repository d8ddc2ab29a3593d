import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import type { MappedListing } from "../sentinelone/streams/stream.ts";
import { pack, ThreadedPageMapper, unpack } from "./page-mapper.ts";

const mapper = new ThreadedPageMapper();
afterAll(async () => mapper.close());

function listing(count: number, more: Readonly<Record<string, unknown>> = {}): Buffer {
  const data = Array.from({ length: count }, (_, index) => ({ id: String(index), computerName: `host-${String(index)}`, siteId: "7", updatedAt: "2026-03-01T08:00:00Z", totalMemory: 16_000, note: "x".repeat(600), ...more }));
  return Buffer.from(JSON.stringify({ data, pagination: { nextCursor: "next", totalItems: count } }));
}

/** What a listing says, however its records are held. */
function plain({ records, rejected, repeated, nextCursor, totalItems, size, bytes }: MappedListing) {
  const facts = records.map(({ id, version, siteId, agentId, values, hash, raw, rawHash }) => ({ id, version, siteId, agentId, values, hash, raw, rawHash }));
  return { records: facts, rejected, repeated, nextCursor, totalItems, size, bytes };
}

function mapHere(body: Buffer) {
  const map = streamOf("agents").mapBody;
  if (map === undefined) throw new Error("agents are one plain listing");
  return map(body);
}

describe("pages mapped beside the main thread", () => {
  it("come back exactly as they would have been mapped here", async () => {
    const body = listing(1_000);
    const expected = mapHere(body);
    expect(body.length).toBeGreaterThan(256 * 1024);

    const mapped = await mapper.map("agents", Buffer.from(body));

    expect(plain(mapped)).toEqual(plain(expected));
    expect(expected.records).toHaveLength(1_000);
    expect(Buffer.from(mapped.records[7]?.rawBytes ?? []).toString()).toBe(expected.records[7]?.raw);
    mapped.release?.();
    expect(mapped.records[7]?.rawBytes).toHaveLength(0);
  });

  it("are read rightly where objects inside a record begin as the records do", async () => {
    const body = listing(700, { networkInterfaces: [{ id: "a" }, { id: "b" }] });
    const spread = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));

    const mapped = await mapper.map("agents", Buffer.from(body));

    expect(mapped.records.map(({ id }) => id)).toEqual(Array.from({ length: 700 }, (_, index) => String(index)));
    expect(mapped.records.map(({ hash }) => hash)).toEqual(mapHere(spread).records.map(({ hash }) => hash));
  });

  it("keep what was set aside and why", async () => {
    const mixed = JSON.parse(listing(800).toString()) as { data: unknown[] };
    mixed.data.push({ computerName: "without a key", note: "y".repeat(300_000) });

    const mapped = await mapper.map("agents", Buffer.from(JSON.stringify(mixed)));

    expect(mapped.size).toBe(801);
    expect(mapped.rejected.map(({ code }) => code)).toEqual(["RECORD_INVALID"]);
  });

  it("fail with the fault of the answer, and the next page works", async () => {
    const broken = (): Buffer => Buffer.concat([Buffer.from('{"errors":[{"code":1}],"data":['), Buffer.alloc(400_000, " "), Buffer.from('],"pagination":{"nextCursor":null}}')]);

    await expect(mapper.map("agents", broken())).rejects.toMatchObject({ code: "S1_ERRORS_IN_ANSWER" });
    await expect(mapper.map("agents", broken().subarray(0, 300_000))).rejects.toBeInstanceOf(Fault);
    expect((await mapper.map("agents", listing(600))).records).toHaveLength(600);
  });

  it("never take a buffer that belongs to somebody else", async () => {
    const shared = Buffer.alloc(2_000_000);
    const body = listing(700);
    body.copy(shared, 100);

    await mapper.map("agents", shared.subarray(100, 100 + body.length));

    expect(shared.byteLength).toBe(2_000_000);
    expect(shared.subarray(100, 120).toString()).toBe(body.subarray(0, 20).toString());
  });

  it("small ones are mapped where they are", async () => {
    const small = listing(3);
    expect(plain(await new ThreadedPageMapper().map("agents", small))).toEqual(plain(mapHere(small)));
  });

  it("are mapped where they are once the thread was lost, after one fault that has the page read again", async () => {
    const doomed = new ThreadedPageMapper({ maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 });

    await expect(doomed.map("agents", listing(1_000))).rejects.toMatchObject({ code: "S1_BODY_CUT" });
    expect((await doomed.map("agents", listing(1_000))).records).toHaveLength(1_000);
    await doomed.close();
  });

  it("end their thread when none has come for a while, and the next has another", async () => {
    const seldom = new ThreadedPageMapper(undefined, 20);
    expect((await seldom.map("agents", listing(700))).records).toHaveLength(700);
    expect(seldom.running).toBe(true);
    await expect.poll(() => seldom.running, { timeout: 10_000 }).toBe(false);

    expect((await seldom.map("agents", listing(700))).records).toHaveLength(700);
    await seldom.close();
  });

  it("an empty page survives packing", () => {
    const body = new TextEncoder().encode('{"data":[],"pagination":{"nextCursor":null,"totalItems":0}}');
    const empty = mapHere(Buffer.from(body));
    expect(plain(unpack(pack(empty, body.buffer)))).toEqual(plain(empty));
  });

  it("give text that was no UTF-8 as it was mended, not as it came", async () => {
    const body = listing(600);
    const at = body.indexOf("host-5");
    body[at] = 0xff;
    const expected = mapHere(Buffer.from(body));

    const mapped = await mapper.map("agents", body);

    expect(plain(mapped)).toEqual(plain(expected));
    expect(mapped.records[5]?.raw).toContain("\ufffdost-5");
    expect(mapped.records[5]?.rawBytes).toBeUndefined();
  });
});
