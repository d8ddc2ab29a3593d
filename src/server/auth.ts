/** Who is calling: the machine's own commands by the credential of hub.json, everybody else by an API key. */
import { createHash, timingSafeEqual } from "node:crypto";
import { ROLES } from "../kernel/permissions.ts";
import type { Actor } from "../kernel/route.ts";
import { EVERY_TENANT, onlyTenants } from "../kernel/scope.ts";
import type { Secret } from "../kernel/secret.ts";
import type { ApiKeys } from "./api-keys.ts";

export interface Auth {
  /** The caller, or undefined where the header proves nobody. */
  authenticate(authorization: string | undefined): Promise<Actor | undefined>;
}

/** The operator at the machine: the same person who may read the data folder. */
export const LOCAL_ACTOR: Actor = { kind: "local", id: "local", name: "local", role: "operator", scope: EVERY_TENANT, permissions: ROLES.operator };

/** Whoever asks a public route: sees no tenant and may do nothing else. */
export const NOBODY: Actor = { kind: "session", id: "anonymous", name: "anonymous", role: "viewer", scope: onlyTenants(), permissions: [] };

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

export function createAuth(keys: Pick<ApiKeys, "authenticate">, localCredential: Secret | null): Auth {
  const local = localCredential === null ? null : digest(localCredential.reveal());
  return {
    async authenticate(authorization) {
      const given = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
      if (given === undefined) return undefined;
      if (local !== null && timingSafeEqual(local, digest(given))) return LOCAL_ACTOR;
      return keys.authenticate(given);
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
