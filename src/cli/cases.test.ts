import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { CASE_ROUTES } from "./test-case-views.ts";
import { vedette } from "./test-support.ts";

describe("cases", () => {
  it("lists the queue, says what was opened again, and lets no control character through", async () => {
    const { code, stdout, api } = await vedette(["cases", "list", "--severity", "high", "--owner", "none", "--since", "2026-11-01", "--limit", "5"], CASE_ROUTES);
    expect(api.calls[0]?.query).toEqual({ severity: "high", owner: "none", since: "2026-11-01", limit: 5 });
    expect(stdout).toMatch(/2026-11-20 16:00:00Z\s+critical\s+new \(reopened\)\s+invoice \\u\{1b\}\[2J\.exe on OF-LT-0417\s+malware\s+30\s+-\s+-\s+cas_1/);
    expect(code).toBe(0);
  });

  it("says what to ask for when nothing is open", async () => {
    const { stderr } = await vedette(["cases", "list"], { "GET /api/v1/cases": { items: [], next: null } });
    expect(stderr).toContain("--status any");
  });

  it("names what else there is on a mistake", async () => {
    expect((await vedette(["cases", "list", "--status", "opened"], CASE_ROUTES)).stderr).toContain("new, in-progress, waiting, resolved, open, reopened, any");
    const wrong = await vedette(["cases", "update", "cas_1"], CASE_ROUTES);
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining("--status, --owner, --verdict, --severity or --note")]);
  });

  it("shows what it is about, its alerts, what holds them together, where the record is, and what became of it", async () => {
    const { stdout, stderr } = await vedette(["cases", "show", "cas_1"], CASE_ROUTES);
    for (const part of ["cas_0 became part of this case.", "device       OF-LT-0417 (30 alerts)", "sha1         ab12", "and 3 more", "storyline s1 (30 alerts)", "cas_2", "note: looks", "/incidents/threats/t1/overview", "vedette alerts show t1 --stream threats --record"]) expect(stdout).toContain(part);
    expect(stderr).toContain("29 more: `vedette cases show cas_1 --members`");
    expect(stdout).not.toContain("\u001b");
  });

  it("sends what was decided and no more, with the version it was made for", async () => {
    const { stdout, api } = await vedette(["cases", "update", "cas_1", "--status", "in-progress", "--owner", "none", "--severity", "alerts", "--note", "mine", "--if-version", "3"], CASE_ROUTES);
    expect(api.calls[0]).toMatchObject({ method: "PATCH", path: "/api/v1/cases/cas_1", body: { status: "in-progress", owner: null, severity: null, note: "mine", version: 3 } });
    expect(stdout).toContain("in-progress (reopened), no verdict, with mara (version 4)");
    const late = await vedette(["cases", "update", "cas_1", "--status", "resolved", "--if-version", "1"], { "PATCH /api/v1/cases/cas_1": new Fault("CHANGED_SINCE", "The case has changed since.") });
    expect([late.code, late.stderr]).toEqual([73, expect.stringContaining("repeat the change with its version")]);
  });

  it("gives them out as a file's lines", async () => {
    const { stdout, api } = await vedette(["cases", "export", "--status", "any", "--format", "csv"], { "GET /api/v1/cases/export": ["id,title\r\n", "cas_1,x\r\n"] });
    expect(api.calls[0]?.query).toEqual({ status: "any", format: "csv" });
    expect(stdout).toBe("id,title\r\ncas_1,x\r\n");
  });
});
