import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { announceHub, findHub, hubAnswers, hubFile, newLocalCredential, withdrawHub } from "./hub-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-hub-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hub(edit: { pid?: number; url?: string; startedAt?: string } = {}) {
  return { url: "http://127.0.0.1:4000", credential: newLocalCredential(), pid: process.pid, startedAt: "2026-03-01T00:00:00.000Z", ...edit };
}

describe("hub.json", () => {
  it("is written for its owner only and read back", () => {
    const mine = hub();
    announceHub(folder, mine);

    expect(statSync(hubFile(folder)).mode & 0o777).toBe(0o600);
    const found = findHub(folder);
    expect([found?.url, found?.pid, found?.credential.reveal()]).toEqual([mine.url, mine.pid, mine.credential.reveal()]);
    expect(JSON.stringify(found)).not.toContain(mine.credential.reveal());
  });

  it("is nobody's when its process is gone", () => {
    announceHub(folder, hub());
    expect(findHub(folder, () => false)).toBeNull();
  });

  it("is removed by the hub that wrote it, and not by one that was replaced", () => {
    const old = hub();
    const next = hub({ startedAt: "2026-03-02T00:00:00.000Z" });
    announceHub(folder, old);
    announceHub(folder, next);
    withdrawHub(folder, old);
    expect(existsSync(hubFile(folder))).toBe(true);
    withdrawHub(folder, next);
    expect(existsSync(hubFile(folder))).toBe(false);
  });

  it("is refused when others may read it", () => {
    announceHub(folder, hub());
    chmodSync(hubFile(folder), 0o644);
    expect(() => findHub(folder)).toThrow("read by others");
  });

  it.each([
    ["damaged", "{"],
    ["empty", ""],
    ["a list", "[]"],
    ["without a credential", JSON.stringify({ url: "http://127.0.0.1:1", pid: 1, startedAt: "x" })],
    ["of another machine", JSON.stringify({ url: "http://evil.example", credential: "c", pid: process.pid, startedAt: "x" })],
    ["of a name that only looks local", JSON.stringify({ url: "http://127.0.0.1.evil.example", credential: "c", pid: process.pid, startedAt: "x" })],
    ["with a process group for a process", JSON.stringify({ url: "http://127.0.0.1:1", credential: "c", pid: -1, startedAt: "x" })],
  ])("announces nobody when %s", (_what, text) => {
    writeFileSync(hubFile(folder), text, { mode: 0o600 });
    expect(findHub(folder)).toBeNull();
  });

  it("is believed only when the hub answers its probe", async () => {
    const asked: string[] = [];
    expect(await hubAnswers(hub(), async (url) => (asked.push(url), { status: 200 }))).toBe(true);
    expect(await hubAnswers(hub(), async () => ({ status: 404 }))).toBe(false);
    expect(await hubAnswers(hub(), () => Promise.reject(new Error("refused")))).toBe(false);
    expect(asked).toEqual(["http://127.0.0.1:4000/healthz"]);
  });
});
