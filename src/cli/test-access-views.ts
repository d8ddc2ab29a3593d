/** Small, valid answers of the access routes, and which commands print them as JSON. Each part of the graph adds its own below. */
import Type, { type TSchema } from "typebox";
import { AccessRoleView, BindingView, PrincipalView, ScopeView, WhatAnswer, WhoAnswer, WhyAnswer, type AccessCoverage } from "../kernel/access-api.ts";

const AT = "2026-11-20T16:00:00.000Z";

export const accessCoverage: AccessCoverage = {
  connection: "con_1", name: "emea", complete: false,
  streams: [{ stream: "users", readTo: AT, state: "complete", reason: null }, { stream: "roles", readTo: null, state: "refused", reason: "the token lacks Roles: View" }],
  notes: ["roles: the token lacks Roles: View"],
};
const list = (...items: readonly unknown[]): unknown => ({ items, next: null, coverage: [accessCoverage] });

export const principal: PrincipalView = {
  connection: "con_1", tenant: "ten_1", kind: "user", id: "31", name: "Mara Voss", email: "mara.voss@orchard.test", description: null, source: "sso", status: "active", level: "account", twoFaEnabled: true, twoFaStatus: "configured", twoFaMethod: "application",
  emailVerified: true, isSystem: false, canGenerateApiToken: true, allowRemoteShell: false, createdAt: AT, firstLogin: AT, lastUsed: AT, token: { createdAt: AT, expiresAt: AT }, createdBy: null, unread: 0,
};
const scope = { kind: "account", id: "1", name: "Orchard Freight" } as const;
const site = { kind: "site", id: "11", name: "Lyon Depot" } as const;
const role = { id: "52", name: "Admin" };
const who = { kind: "user", id: "31", name: "Mara Voss", email: "mara.voss@orchard.test" } as const;
const since = { evidence: "seen-arriving", from: AT, to: AT, doubtedAt: null } as const;
const isolate = { asked: "isolate", id: "Endpoints.disconnectFromNetwork" };
const chain = { scope: { connection: "con_1", ...site }, lies: [scope, { kind: "global", id: "9", name: "Global" } as const], ancestorsKnown: true };

export const whoAnswer: WhoAnswer = {
  ...chain, permission: isolate, total: 2, totalIs: "exact", next: null, notes: [], coverage: accessCoverage,
  items: [{ principal: { ...who, status: "active", twoFaEnabled: true, source: "sso" }, role, grants: "yes", via: "inherited", path: [scope, site], since }, { principal: { ...who, id: "32", email: null, status: "never-signed-in", twoFaEnabled: null, source: null }, role, grants: "may", via: "direct", path: [site], since: { ...since, evidence: "there-at-first-reading", doubtedAt: AT } }],
};
export const whatAnswer: WhatAnswer = { principal, items: [{ role, scope, since, covers: { accounts: 1, sites: 12, groups: 24 } }], covers: { accounts: 1, sites: 12, groups: 24 }, roles: [{ ...role, permissions: ["Endpoints.view"] }], total: 1, next: null, notes: [], coverage: accessCoverage };
export const whyAnswer: WhyAnswer = {
  principal: who, asked: { role: "isolate", permission: isolate }, ...chain, holds: "yes", notes: [], coverage: accessCoverage,
  paths: [{
    role, grants: "yes",
    steps: [
      { step: "holds", role, scope, since, by: { kind: "user", id: "30", name: "Vendor Ops", email: "ops@orchard.test", confidence: "high", because: "an activity of that time names it by id or address", activity: { id: "7", type: 23, at: AT, text: "Vendor Ops changed a role" }, candidates: [] } },
      { step: "contains", scope, contains: site },
    ],
  }],
};

export const ACCESS_ROUTES = {
  "GET /api/v1/access/coverage": { items: [accessCoverage] },
  "GET /api/v1/access/principals": list(principal),
  "GET /api/v1/access/scopes": list({ connection: "con_1", tenant: "ten_1", ...site, parent: { kind: "account", id: "1" }, state: "active", inferred: false }),
  "GET /api/v1/access/roles": list({ connection: "con_1", tenant: "ten_1", ...role, description: null, predefined: true, scope: { kind: "global", id: "9" }, permissions: null, inferred: false }),
  "GET /api/v1/access/bindings": list({ connection: "con_1", tenant: "ten_1", principal: who, role, scope, since }),
  "GET /api/v1/access/who": whoAnswer,
  "GET /api/v1/access/what": whatAnswer,
  "GET /api/v1/access/why": whyAnswer,
};

export const ACCESS_PROMISES: readonly (readonly [string, TSchema])[] = [
  ["access list", Type.Array(PrincipalView)],
  ["access list scopes", Type.Array(ScopeView)],
  ["access list roles", Type.Array(AccessRoleView)],
  ["access list bindings --connection emea --limit 5", Type.Array(BindingView)],
  ["access who --scope site:11 --can isolate", WhoAnswer],
  ["access what mara.voss@orchard.test", WhatAnswer],
  ["access why mara.voss@orchard.test isolate site:11", WhyAnswer],
];
