import { describe, expect, it } from "vitest";
import { vedette } from "./test-support.ts";

const user = { id: "usr_1", email: "ada@example.test", name: "Ada\u001b[31m", role: "analyst", tenants: ["ten_1"], totp: true, passwordOnce: true, createdAt: "2026-11-20T16:00:00.000Z", signedInAt: null, disabledAt: null };
const ROUTES = {
  "GET /api/v1/users": { items: [user, { ...user, id: "usr_2", email: "bob@example.test", disabledAt: "2026-11-20T16:00:00.000Z" }], next: null },
  "GET /api/v1/tenants": { items: [{ id: "ten_1", name: "Orchard", createdAt: "2026-11-20T16:00:00.000Z", connections: 0, sites: 0, leavingSince: null, purgeAfter: null }], next: null },
  "POST /api/v1/users": { user, password: "AAAAA-BBBBB" },
  "POST /api/v1/users/usr_2/reset": { password: "CCCCC-DDDDD" },
  "PATCH /api/v1/users/usr_1": user,
};

describe("users", () => {
  it("are listed with what they may do and how they stand, whatever their names hold", async () => {
    const { code, stdout } = await vedette(["users", "list"], ROUTES);

    expect(stdout).toMatch(/ada@example\.test.*analyst.*ten_1.*yes.*has a password for one sign-in/);
    expect(stdout).toMatch(/bob@example\.test.*disabled/);
    expect(stdout).not.toContain("\u001b[31m");
    expect(code).toBe(0);
  });

  it("get a password for one sign-in, which alone goes to standard output", async () => {
    const { stdout, stderr, api } = await vedette(["users", "add", "ada@example.test", "--role", "analyst", "--tenant", "Orchard"], ROUTES);

    expect(api.calls.at(-1)?.body).toEqual({ email: "ada@example.test", name: "ada", role: "analyst", tenants: ["ten_1"] });
    expect([stdout, stderr.includes("shown this once")]).toEqual(["AAAAA-BBBBB\n", true]);
    const again = await vedette(["users", "reset", "BOB@example.test"], ROUTES);
    expect([again.stdout, again.stderr.includes("vedette users enable bob@example.test")]).toEqual(["CCCCC-DDDDD\n", true]);
  });

  it("are named by e-mail address or id, and one that is not there is said to be", async () => {
    for (const name of ["usr_1", "Ada@Example.test"]) expect((await vedette(["users", "disable", name], ROUTES)).api.calls.at(-1)?.body).toEqual({ disabled: true });
    const { code, stderr } = await vedette(["users", "disable", "eve@example.test"], ROUTES);
    expect([code, stderr.includes("vedette users list")]).toEqual([64, true]);
  });

  it("have one of the roles there are", async () => {
    const { code, stderr } = await vedette(["users", "add", "ada@example.test", "--role", "root"], ROUTES);
    expect([code, stderr.includes("operator, msp-admin, analyst, auditor, viewer")]).toEqual([64, true]);
  });
});
