import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import type { TenantId } from "../../kernel/ids.ts";
import type { Delivery, Destination, Receipt } from "../destination.ts";
import { outgoing } from "../test-bench.ts";
import { fileKind } from "./file.ts";

const TENANT = "ten_default" as TenantId;
let folder: string;
let now = Date.UTC(2026, 10, 20);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-file-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function opened(config: object = {}): Destination {
  const kind = fileKind({ clock: { ...systemClock, now: () => now }, folder });
  return kind.open(kind.admit({ file: "out.ndjson", ...config }, TENANT).settings, TENANT);
}

function one(number: number, bytes = 2): Delivery {
  return outgoing({ id: `dlv_${String(number)}`, tenant: TENANT, version: String(number), body: JSON.stringify({ fill: "x".repeat(bytes) }) });
}

const send = (destination: Destination, ...batch: readonly Delivery[]): Promise<readonly Receipt[]> => destination.send(batch, AbortSignal.timeout(5_000));
const path = (): string => join(folder, TENANT, "out.ndjson");
const ids = (file = path()): readonly string[] => readFileSync(file, "utf8").trimEnd().split("\n").map((line) => (JSON.parse(line) as { id: string }).id);

it("is readable by its owner alone", async () => {
  await send(opened(), one(1));
  expect([statSync(path()).mode & 0o777, statSync(join(folder, TENANT)).mode & 0o777]).toEqual([0o600, 0o700]);
});

it("takes out a line that a kill cut, however long it is, and keeps every whole one", async () => {
  await send(opened(), one(1));
  appendFileSync(path(), `{"type":"test.fact","id":"dlv_2","data":{"fill":"${"y".repeat(200_000)}`);
  await send(opened(), one(2));
  expect(ids()).toEqual(["dlv_1", "dlv_2"]);

  writeFileSync(path(), "no line at all");
  await send(opened(), one(3));
  expect(ids()).toEqual(["dlv_3"]);
});

it("begins a new file before the old one grows too large, keeps so many, and loses no line in between", async () => {
  const destination = opened({ megabytes: 1, keep: 3 });
  for (let number = 0; number < 12; number += 1) {
    await send(destination, one(number, 400_000));
    if (number % 4 === 3) now += 1_000;
  }
  const files = readdirSync(join(folder, TENANT)).toSorted();
  expect(files).toHaveLength(4);
  for (const file of files) expect(statSync(join(folder, TENANT, file)).size).toBeLessThanOrEqual(1_000_000);
  expect(files.slice(0, 3).flatMap((file) => ids(join(folder, TENANT, file))).concat(ids())).toEqual(Array.from({ length: 8 }, (_, place) => `dlv_${String(place + 4)}`));
});

it("deletes no file that is not one of its own full ones", async () => {
  mkdirSync(join(folder, TENANT));
  for (const name of ["out.notes.ndjson", "out.20260101T000000000Z-0000.ndjson.bak", "other.20260101T000000000Z-0000.ndjson"]) writeFileSync(join(folder, TENANT, name), "mine");
  const destination = opened({ megabytes: 1, keep: 1 });
  for (let number = 0; number < 6; number += 1) await send(destination, one(number, 900_000));
  expect(readdirSync(join(folder, TENANT))).toHaveLength(5);
});

it("never writes through a link, nor into what is no file", async () => {
  mkdirSync(join(folder, TENANT));
  symlinkSync(join(folder, "target"), path());
  expect(await send(opened(), one(1))).toMatchObject([{ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" }]);
  expect(existsSync(join(folder, "target"))).toBe(false);
  await expect(opened().check(AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: "DESTINATION_UNREACHABLE" });
});

it("lets two writers in one process take turns", async () => {
  const kind = fileKind({ clock: systemClock, folder });
  const { settings } = kind.admit({ file: "out.ndjson", megabytes: 1 }, TENANT);
  const [left, right] = [kind.open(settings, TENANT), kind.open(settings, TENANT)];
  await Promise.all(Array.from({ length: 20 }, (_, number) => send(number % 2 === 0 ? left : right, one(number, 100_000))));
  const all = readdirSync(join(folder, TENANT)).flatMap((file) => ids(join(folder, TENANT, file)));
  expect(all.toSorted()).toEqual(Array.from({ length: 20 }, (_, number) => `dlv_${String(number)}`).toSorted());
});
