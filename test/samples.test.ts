/**
 * Real (masked) records from `../shared/samples`, served by the simulated console and read by the hub: each is mirrored whole or set aside
 * with a reason. Masked records repeat ids with different content, which a console should never do: the newest stays, the others are parked.
 * Cloud-funnel samples are events of another product, not records of the API, and are left out. Skipped where the folder is not there.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunView } from "../src/kernel/api.ts";
import { EVERY_TENANT } from "../src/kernel/scope.ts";
import { STREAM_IDS, viewName, type StreamId } from "../src/kernel/stream-ids.ts";
import { listParked, showParked } from "../src/mirror/parked.ts";
import { openWorld, type World } from "./support/world.ts";

const SAMPLES = fileURLToPath(new URL("../../shared/samples", import.meta.url));
const THERE = existsSync(SAMPLES);
if (!THERE) process.stderr.write(`SKIPPED: no samples at ${SAMPLES}\n`);

const FOLDERS: Readonly<Record<string, StreamId | "by shape">> = {
  "elastic/activity": "activities",
  "elastic/agent": "agents",
  "elastic/application": "applications",
  "elastic/application-risk": "risks",
  "elastic/group": "groups",
  "elastic/threat": "threats",
  "elastic/unified-alert": "alerts",
  "sekoia/edr": "by shape",
  "sekoia/identity": "alerts",
};

/** Secrets our streams cut out of a record's text, wherever they stand in it. */
const CUT = new Set(["registrationToken", "passphrase", "apiToken", "token"]);
const STREAMS = STREAM_IDS.filter((stream) => Object.values(FOLDERS).includes(stream));

interface Sample {
  readonly id: string;
  readonly text: string;
}

function readSamples(): ReadonlyMap<StreamId, readonly Sample[]> {
  const found = new Map<StreamId, Sample[]>();
  for (const [folder, stream] of Object.entries(FOLDERS)) {
    for (const name of readdirSync(join(SAMPLES, folder)).toSorted()) {
      const file = JSON.parse(readFileSync(join(SAMPLES, folder, name), "utf8")) as { readonly input: { readonly message: string } };
      const text = file.input.message.trim();
      const record = JSON.parse(text) as { readonly id: unknown; readonly threatInfo?: unknown };
      const place = stream === "by shape" ? (record.threatInfo === undefined ? "activities" : "threats") : stream;
      const known = found.get(place) ?? [];
      found.set(place, known);
      known.push({ id: String(record.id), text });
    }
  }
  return found;
}

/** Parsed with every integer beyond 2^53 as its digits, and without what we cut out. */
function exact(text: string): Record<string, unknown> {
  const revive = (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (CUT.has(key)) return undefined;
    return typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value) ? `digits ${context?.source ?? ""}` : value;
  };
  return JSON.parse(text, revive) as Record<string, unknown>;
}

/** GraphQL gives what is asked for: of each sample, the part that was. */
function partOf(whole: unknown, asked: unknown): unknown {
  if (Array.isArray(whole) && Array.isArray(asked)) return whole.map((entry, at) => partOf(entry, asked[at]));
  if (typeof whole !== "object" || whole === null || typeof asked !== "object" || asked === null) return whole;
  return Object.fromEntries(Object.entries(whole).flatMap(([key, value]) => (key in asked ? [[key, partOf(value, (asked as Record<string, unknown>)[key])]] : [])));
}

function same(stream: StreamId, sample: string, raw: string): boolean {
  const found = exact(raw);
  // The reader names the vendor it asked by; the endpoint's own record does not.
  if (stream === "applications") delete found["applicationVendor"];
  const wanted = exact(sample);
  if (stream !== "alerts") return equal(found, wanted);
  return equal(partOf(found, partOf(wanted, found)), partOf(wanted, found));
}

function equal(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}

async function mirrored(world: World, stream: StreamId): Promise<ReadonlyMap<string, string>> {
  return new Map((await world.rows(viewName(stream))).map((row) => [String(row["id"]), String(row["raw"])]));
}

async function parkedTexts(world: World): Promise<readonly { readonly id: string; readonly stream: StreamId; readonly code: string; readonly reason: string; readonly raw: string; readonly times: number }[]> {
  const list = await listParked(EVERY_TENANT, world.hub.store, { limit: 1000 });
  const shown = await Promise.all(list.map((parked) => showParked(EVERY_TENANT, world.hub.store, parked.id)));
  return shown.map(({ id, stream, code, reason, raw, times }) => ({ id, stream, code, reason, raw, times })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

describe.skipIf(!THERE)("real records", () => {
  let folder: string;
  let world: World;
  let run: RunView;
  let samples: ReadonlyMap<StreamId, readonly Sample[]>;

  beforeAll(async () => {
    samples = readSamples();
    folder = mkdtempSync(join(tmpdir(), "vedette-samples-"));
    for (const [stream, records] of samples) writeFileSync(join(folder, `${stream}.json`), `[${records.map(({ text }) => text).join(",\n")}]`);
    world = await openWorld({ estate: { load: folder }, token: "admin" });
    run = await world.sync();
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("there are some for seven streams", () => {
    expect([...samples.keys()].toSorted()).toEqual([...STREAMS].toSorted());
    expect([...samples.values()].flat().length).toBeGreaterThanOrEqual(35);
  });

  it.each(STREAMS)("%s: every record is mirrored word for word, or set aside word for word with a reason; the books balance", async (stream) => {
    const records = samples.get(stream) ?? [];
    const rows = await mirrored(world, stream);
    const parked = (await parkedTexts(world)).filter((entry) => entry.stream === stream);
    const lost = records.filter(({ id, text }) => !same(stream, text, rows.get(id) ?? "{}") && !parked.some(({ raw }) => same(stream, text, raw)));

    expect(lost.map(({ id }) => id)).toEqual([]);
    expect(parked.every(({ reason }) => reason.length > 10)).toBe(true);
    expect(rows.size).toBe(new Set(records.map(({ id }) => id)).size);
    const counts = run.streams.find((entry) => entry.stream === stream);
    expect(counts?.received).toBe((counts?.inserted ?? 0) + (counts?.changed ?? 0) + (counts?.unchanged ?? 0) + (counts?.parked ?? 0));
    expect(rows.size + parked.length).toBe(records.length);
  });

  it("keeps the digits of integers beyond 2^53, in the record's text and in its columns", async () => {
    const digits = [...samples].flatMap(([stream, records]) => records.flatMap(({ id, text }) => [...text.matchAll(/[:\s](\d{17,})(?=[,}\s])/g)].map(([, number = ""]) => ({ stream, id, number }))));
    const parked = await parkedTexts(world);

    expect(digits.length).toBeGreaterThan(3);
    for (const { stream, id, number } of digits) {
      const texts = [(await mirrored(world, stream)).get(id) ?? "", ...parked.map(({ raw }) => raw)];
      expect(texts.some((text) => text.includes(number)), `${stream} ${id} ${number}`).toBe(true);
    }
    const inColumns = (await world.rows("activities")).flatMap((row) => digits.filter(({ id, stream }) => stream === "activities" && id === row["id"]).map(({ number }) => String(row["data"]).includes(number)));
    expect(inColumns.length).toBeGreaterThan(1);
    expect(inColumns).not.toContain(false);
  });

  it("of several copies of one id the newest stays, and the others are parked as duplicates", async () => {
    const activities = samples.get("activities") ?? [];
    const copies = activities.filter(({ id }) => activities.filter((other) => other.id === id).length > 1).map(({ text }) => JSON.parse(text) as { readonly id: string; readonly updatedAt: string });
    const newest = copies.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))[0];
    const row = (await world.rows("activities")).find(({ id }) => id === newest?.id);
    const parked = (await parkedTexts(world)).filter(({ stream }) => stream === "activities");

    expect(copies.length).toBeGreaterThan(2);
    expect(row?.["updated_at"]).toBe(newest?.updatedAt);
    expect(parked.map(({ code }) => code)).toEqual(Array.from({ length: copies.length - 1 }, () => "RECORD_DUPLICATE"));
  });

  it("repeated syncs change nothing: the same rows stay, and the same records stay parked under the same ids", async () => {
    const before = await Promise.all(STREAMS.map((stream) => mirrored(world, stream)));
    const parkedBefore = (await parkedTexts(world)).map(({ id, stream, raw }) => ({ id, stream, raw }));
    for (const full of [false, true, false, true]) {
      const again = await world.sync({ full });

      expect(again.streams.map(({ stream, inserted, changed, gone }) => ({ stream, moved: inserted + changed + gone })).filter(({ moved }) => moved > 0)).toEqual([]);
      expect((await parkedTexts(world)).map(({ id, stream, raw }) => ({ id, stream, raw }))).toEqual(parkedBefore);
    }
    expect(await Promise.all(STREAMS.map((stream) => mirrored(world, stream)))).toEqual(before);
  });
});
