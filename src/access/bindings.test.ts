import { describe, expect, it } from "vitest";
import type { MirrorRow } from "../mirror/capability.ts";
import { holdingsOf } from "./bindings.ts";
import { factsOf } from "./principals.ts";

const row = (scope: unknown, scopeRoles: unknown, more: Readonly<Record<string, unknown>> = {}): MirrorRow =>
  ({ id: "1", connection_id: "con_1", tenant_id: "ten_default", scope: scope ?? null, scope_roles: scopeRoles === undefined ? null : JSON.stringify(scopeRoles), raw: "{}", ...more }) as MirrorRow;
const of = (scope: unknown, scopeRoles: unknown, more: Readonly<Record<string, unknown>> = {}) => {
  const { held, unread, whole } = holdingsOf("user", row(scope, scopeRoles, more));
  return { held: held.map(({ roleId, roleName, scopeKind, scopeId }) => `${roleId ?? `name ${roleName ?? ""}`} on ${scopeKind} ${scopeId ?? "?"}`), unread, whole };
};
const ENTRY = { id: "11", name: "Lyon", roleId: "51", roleName: "Viewer" };

describe("what a record says is held", () => {
  it("is every role on every scope, at the record's level", () => {
    expect(of("site", [ENTRY, { ...ENTRY, id: "12", roleId: "52" }])).toEqual({ held: ["51 on site 11", "52 on site 12"], unread: 0, whole: true });
    for (const [word, kind] of [["account", "account"], ["group", "group"], ["tenant", "global"], ["Tenant", "global"], ["global", "global"]] as const) expect(of(word, [ENTRY]).held).toEqual([`51 on ${kind} 11`]);
  });

  it("is nothing where the list is empty, and unknown where there is none", () => {
    expect(of("site", [])).toEqual({ held: [], unread: 0, whole: true });
    expect(of("site", undefined)).toEqual({ held: [], unread: 1, whole: false });
  });

  it("is a role by its name where the whole console is held without an entry", () => {
    expect(of("tenant", [], { tenant_roles: JSON.stringify(["Admin"]) })).toEqual({ held: ["name Admin on global ?"], unread: 0, whole: true });
    expect(of("tenant", undefined, { tenant_roles: JSON.stringify([]), lowest_role: "Viewer" })).toEqual({ held: ["name Viewer on global ?"], unread: 0, whole: true });
    expect(of("tenant", [{ roleName: "SOC", roles: ["SOC"] }]).held).toEqual(["name SOC on global ?"]);
  });

  it("is read from the older list of sites where that is all there is", () => {
    expect(of("site", null, { site_roles: JSON.stringify([ENTRY]) }).held).toEqual(["51 on site 11"]);
  });

  it("is read at the level that the older lists tell, where the record has none", () => {
    expect(of(undefined, [ENTRY], { site_roles: JSON.stringify([ENTRY]) }).held).toEqual(["51 on site 11"]);
    expect(of(undefined, [{ ...ENTRY, id: "9" }], { tenant_roles: JSON.stringify(["Viewer"]) }).held).toEqual(["51 on global 9"]);
  });

  it("is more than one role where an entry names several", () => {
    expect(of("site", [{ ...ENTRY, roles: ["Viewer", "SOC"] }]).held).toEqual(["51 on site 11", "name SOC on site 11"]);
  });

  it.each([
    ["not a list", { id: "11" }],
    ["a text", "Admin"],
    ["a number", 7],
    ["true", true],
    ["broken", undefined],
  ])("loses nothing and crashes on nothing where the list is %s", (_, scopeRoles) => {
    expect(of("site", scopeRoles, scopeRoles === undefined ? { scope_roles: "[{" } : {})).toEqual({ held: [], unread: 1, whole: false });
  });

  it.each([
    ["null", null],
    ["a text", "11"],
    ["a list", [1]],
    ["without an id", { roleId: "51", roleName: "Viewer" }],
    ["without a role", { id: "11", name: "Lyon" }],
    ["with an object for an id", { ...ENTRY, id: { a: 1 } }],
    ["with an endless id", { ...ENTRY, id: "9".repeat(10_000) }],
    ["with an id of blanks", { ...ENTRY, id: "  " }],
  ])("keeps the other entries beside one that is %s, and counts it", (_, odd) => {
    expect(of("site", [odd, ENTRY])).toEqual({ held: ["51 on site 11"], unread: 1, whole: false });
  });

  it("counts what is held at a level never heard of", () => {
    expect(of("region", [ENTRY, ENTRY])).toEqual({ held: [], unread: 2, whole: false });
    expect(of(undefined, [ENTRY])).toEqual({ held: [], unread: 1, whole: false });
  });

  it("takes ids that are numbers, and text that no store could hold", () => {
    expect(of("site", [{ id: 11, roleId: 51 }]).held).toEqual(["51 on site 11"]);
    expect(holdingsOf("user", row("site", [{ ...ENTRY, name: "a\0b\ud800" }])).held[0]?.scopeName).toBe("a\ufffdb\ufffd");
  });

  it("of a service user is never read from fields of people", () => {
    expect(holdingsOf("service-user", row("tenant", [], { tenant_roles: JSON.stringify(["Admin"]) })).held).toEqual([]);
  });
});

describe("what is known of a principal", () => {
  const facts = (values: MirrorRow) => factsOf("user", { id: "1", raw: '{"firstLogin":null,"lastLogin":null}', ...values });

  it.each([
    ["never came, where the console says so", {}, "never-signed-in"],
    ["is unknown, where the console has no such field", { raw: "{}" }, "unknown"],
    ["is unverified", { last_login: "2026-01-01T00:00:00.000000Z", email_verified: 0 }, "unverified"],
    ["is active", { first_login: "2026-01-01T00:00:00.000000Z", email_verified: 1 }, "active"],
  ])("tells whoever %s", (_, values, status) => {
    expect(facts(values).status).toBe(status);
  });

  it("keeps a source never heard of as it is, and calls the known ones by our words", () => {
    expect(["mgmt", "sso_saml", "active_directory", "global", "passkey", null].map((source) => facts({ source }).source)).toEqual(["local", "sso", "active-directory", "global", "passkey", null]);
  });

  it("guesses nothing that is absent", () => {
    expect(facts({})).toMatchObject({ name: null, email: null, twoFaEnabled: null, emailVerified: null, canGenerateApiToken: null, token: null, createdBy: null, level: null });
  });
});
