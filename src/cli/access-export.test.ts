import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AccessCoverage } from "../kernel/access-api.ts";
import { Fault } from "../kernel/fault.ts";
import { vedette } from "./test-support.ts";

const STREAM = { stream: "roles", readTo: "2026-03-01T12:00:00.000Z", state: "complete" as const, reason: null };
const WHOLE: AccessCoverage = { connection: "con_1", name: "emea", complete: true, streams: [STREAM], notes: [] };
const PART: AccessCoverage = { ...WHOLE, complete: false, streams: [{ ...STREAM, state: "refused", reason: "no permission" }], notes: ["roles: no permission"] };
const answers = (body: unknown, items: readonly AccessCoverage[] = [WHOLE]) => ({ "GET /api/v1/access/export": body, "GET /api/v1/access/coverage": { items } });

const here = process.cwd();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-cli-export-"));
});
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});
afterAll(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true, force: true });
});

describe("access export", () => {
  it("gives JSON to standard output when nothing else is asked, byte for byte, and asks for what was named", async () => {
    const { code, stdout, api } = await vedette(["access", "export", "--connection", "emea"], answers(['{"name":"\u202e', '"}\n']));

    expect(stdout).toBe('{"name":"\u202e"}\n');
    expect(api.calls[0]?.query).toEqual({ format: "json", connection: "emea" });
    expect(code).toBe(0);
  });

  it("on a terminal no character of a name acts", async () => {
    expect((await vedette(["access", "export", "--format", "csv"], answers("a,\u001b]0;x\u0007\u202eb\r\nc\r\n"), { isTTY: true })).stdout).toBe("a,\\u{1b}]0;x\\u{7}\\u{202e}b\nc\n");
  });

  it("writes a file for its owner alone, in the place of the one that was there, and tells its size", async () => {
    const file = join(folder, "graph.csv");
    writeFileSync(file, "older", { mode: 0o644 });
    const { stdout } = await vedette(["access", "export", "--format", "csv", "--output", file, "--json"], answers(["a,b\r\n", "c,d\r\n"]));

    expect(JSON.parse(stdout)).toEqual({ file, format: "csv", bytes: 10, complete: true, notes: [] });
    expect(readFileSync(file, "utf8")).toBe("a,b\r\nc,d\r\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["graph.csv"]);
  });

  it("calls a .c1z by a name of its own, and never writes one to a terminal", async () => {
    process.chdir(folder);
    expect((await vedette(["access", "export", "--format", "c1z"], answers("C1ZF"))).stdout).toMatch(/vedette-access\.c1z: 4 B\n$/);
    expect(readFileSync(join(folder, "vedette-access.c1z"), "utf8")).toBe("C1ZF");
    const refused = await vedette(["access", "export", "--format", "c1z", "--output", "-"], answers("C1ZF"), { isTTY: true });

    expect([refused.code, refused.stdout]).toEqual([64, ""]);
    expect(refused.api.calls).toEqual([]);
    expect((await vedette(["access", "export", "--format", "c1z", "--output", "-"], answers("C1ZF"))).stdout).toBe("C1ZF");
  });

  it("leaves what was there where the export fails at once or breaks off", async () => {
    const file = join(folder, "graph.json");
    writeFileSync(file, "older");
    const refused = await vedette(["access", "export", "--output", file], answers(new Fault("NOT_FOUND", "There is no such connection.")));
    const broken = await vedette(["access", "export", "--output", file], answers({ toString: () => { throw new Error("socket"); } }));

    expect([refused.code, broken.code]).toEqual([64, 69]);
    expect(broken.stderr).toContain("broke off");
    expect(readFileSync(file, "utf8")).toBe("older");
    expect(readdirSync(folder)).toEqual(["graph.json"]);
  });

  it("replaces a link and not what it leads to; a folder that is not there is said", async () => {
    const [target, link] = [join(folder, "precious"), join(folder, "link.json")];
    writeFileSync(target, "precious");
    symlinkSync(target, link);
    await vedette(["access", "export", "--output", link], answers("{}"));

    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(readFileSync(link, "utf8")).toBe("{}");
    expect((await vedette(["access", "export", "--output", join(folder, "no", "where.json")], answers("{}"))).code).toBe(64);
  });

  it("says on standard error what is missing, and that the sync in a .c1z is not finished", async () => {
    const { code, stderr } = await vedette(["access", "export", "--format", "c1z", "--output", join(folder, "part.c1z")], answers("C1ZF", [PART]));

    expect(stderr).toContain("emea: roles: no permission");
    expect(stderr).toContain("not marked as finished");
    expect(code).toBe(0);
  });

  it("--json without a file goes with JSON alone", async () => {
    expect((await vedette(["access", "export", "--json"], answers("{}"))).stdout).toBe("{}");
    expect((await vedette(["access", "export", "--format", "csv", "--json"], answers("a"))).code).toBe(64);
  });
});
