/** The console itself and who is asking: system, sessions, tokens, the caller's own user. */
import { ApiError, badRequest, forbidden, notFound, unauthorised } from "../errors.ts";
import { LATEST_AGENT } from "../estate/agents.ts";
import { isRecord, readPath, type ApiRecord } from "../record.ts";
import { micros } from "../times.ts";
import { may, ownName, type Caller } from "../tokens.ts";
import { dataOf, textField } from "./bodies.ts";
import { data, visible, type OpenRoute, type Route } from "./route.ts";

const healthy: OpenRoute["answer"] = () => data({ health: "ok" });

export const OPEN_ROUTES: readonly OpenRoute[] = [
  { method: "GET", path: "/system/status", answer: healthy },
  { method: "GET", path: "/system/status/db", answer: healthy },
  { method: "GET", path: "/system/status/cache", answer: healthy },
  {
    method: "POST",
    path: "/users/login/by-api-token",
    answer: (console, request) =>
      data({ token: console.tokens.openSession(textField(dataOf(request), "apiToken").trim()), realUser: "", removedSavedScope: "", redirectTo: "", redirectToParams: "" }),
  },
  {
    method: "GET",
    path: "/users/login/by-token",
    answer(console, request) {
      const token = request.params.get("token")?.at(-1) ?? "";
      if (token === "") throw badRequest("token: Missing data for required field.");
      return data({ token: console.tokens.openSession(token) });
    },
  },
  {
    method: "POST",
    path: "/users/login",
    answer(_console, { body }) {
      for (const name of ["username", "password"]) textField(isRecord(body) ? body : {}, name);
      // Nobody here has a password.
      throw unauthorised();
    },
  },
];

function tokenTimes(caller: Caller): ApiRecord {
  return { createdAt: micros(caller.createdAt), expiresAt: micros(caller.expiresAt) };
}

export const SESSION_ROUTES: readonly Route[] = [
  { method: "GET", path: "/system/info", needs: [], answer: () => data({ release: "Z", version: "Z-26.1.3", build: "12", patch: "SP0", latestAgentVersion: LATEST_AGENT }) },
  { method: "GET", path: "/system/env", needs: [], answer: () => data({ env: "production", isProd: true, url: "https://console.s1sim.test" }) },
  { method: "GET", path: "/user", needs: ["Users.view"], answer: ({ console, caller }) => data(console.tokens.identity(caller)) },
  {
    method: "POST",
    path: "/users/api-token-details",
    needs: [],
    answer({ console, request }) {
      const told = console.tokens.lookup(textField(dataOf(request), "apiToken").trim());
      if (told === undefined) throw badRequest("apiToken: Invalid token.");
      return data(tokenTimes(told));
    },
  },
  {
    method: "GET",
    path: "/users/{user_id}/api-token-details",
    needs: [],
    answer({ console, caller, ids: [id = ""] }) {
      const own = console.tokens.owner(id);
      if (own !== undefined && (ownName(caller).id === id || may(caller, "Users.view"))) return data(tokenTimes(own));
      if (!may(caller, "Users.view")) throw forbidden("User does not have required permissions.");
      const token = visible(console.estate.streams.users, caller, id).record["apiToken"];
      if (!isRecord(token)) throw notFound();
      return data({ createdAt: token["createdAt"] ?? null, expiresAt: token["expiresAt"] ?? null });
    },
  },
  {
    method: "POST",
    path: "/users/logout",
    needs: [],
    answer({ console, request }) {
      console.tokens.closeSession(request.authorization);
      return data({ redirectTo: null });
    },
  },
  {
    method: "POST",
    path: "/users/generate-api-token",
    needs: [],
    answer() {
      // Every token of this console is somebody's only one.
      throw new ApiError(409, 4_090_010, "Conflict", "API token already exists");
    },
  },
  {
    method: "GET",
    path: "/users/{user_id}",
    needs: ["Users.view"],
    answer({ console, caller, ids: [id = ""] }) {
      const own = console.tokens.owner(id);
      if (own !== undefined) return data(console.tokens.identity(own));
      const { record } = visible(console.estate.streams.users, caller, id);
      return data({ ...record, isExternalLoginUser: record["source"] !== "mgmt", elevatedSessionDurationMinutes: 30 });
    },
  },
  {
    method: "GET",
    path: "/service-users/{service_user_id}",
    needs: ["Service Users.view"],
    answer({ console, caller, ids: [id = ""] }) {
      const { record } = visible(console.estate.streams["service-users"], caller, id);
      const roles: unknown = record["scopeRoles"];
      const first: unknown = Array.isArray(roles) ? roles[0] : undefined;
      const account = readPath(first, "accountName");
      const found = typeof account === "string" ? console.estate.world.accounts.find(({ name }) => name === account) : undefined;
      return data({ ...record, account: found === undefined ? null : { id: found.id, name: found.name } });
    },
  },
  { method: "GET", path: "/users/viewer-auth-check", needs: [], answer: () => data({ success: true }) },
  {
    method: "GET",
    path: "/users/tenant-admin-auth-check",
    needs: [],
    answer({ caller }) {
      if (caller.level !== "tenant" || caller.role !== 0) throw forbidden(null);
      return data({ success: true });
    },
  },
  { method: "GET", path: "/users/rs-auth-check", needs: ["Endpoints.remoteShell"], answer: () => data({ success: true }) },
];
