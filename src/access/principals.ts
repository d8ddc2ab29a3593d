/** What a record of users or service users says of its principal beside the roles it holds. Pure; what the console did not say is null, never a guess. */
import type { MirrorRow } from "../mirror/capability.ts";
import type { PrincipalFacts, PrincipalKind } from "./model.ts";
import { levelOf, wordOrNull } from "./words.ts";

const SOURCES: Readonly<Record<string, string>> = { mgmt: "local", sso_saml: "sso", active_directory: "active-directory" };

export function factsOf(kind: PrincipalKind, row: MirrorRow): PrincipalFacts {
  return kind === "user" ? userFacts(row) : serviceUserFacts(row);
}

function userFacts(row: MirrorRow): PrincipalFacts {
  const source = text(row, "source");
  const firstLogin = text(row, "first_login");
  const lastUsed = text(row, "last_login");
  const emailVerified = flag(row, "email_verified");
  const used = firstLogin !== null || lastUsed !== null;
  const never = !used && says(row, "firstLogin", "lastLogin");
  return {
    name: text(row, "full_name"),
    email: text(row, "email"),
    description: null,
    source: source === null ? null : (SOURCES[source.toLowerCase()] ?? source),
    status: never ? "never-signed-in" : emailVerified === false ? "unverified" : used ? "active" : "unknown",
    level: levelOf(row["scope"]),
    twoFaEnabled: flag(row, "two_fa_enabled"),
    twoFaStatus: text(row, "two_fa_status"),
    twoFaMethod: text(row, "primary_two_fa_method"),
    emailVerified,
    isSystem: flag(row, "is_system"),
    canGenerateApiToken: flag(row, "can_generate_api_token"),
    allowRemoteShell: flag(row, "allow_remote_shell"),
    createdAt: text(row, "date_joined"),
    firstLogin,
    lastUsed,
    token: tokenOf(row),
    createdBy: null,
  };
}

function serviceUserFacts(row: MirrorRow): PrincipalFacts {
  const lastUsed = text(row, "last_activation");
  const creator = { id: text(row, "created_by_id"), name: text(row, "created_by_name") };
  return {
    name: text(row, "name"),
    email: null,
    description: text(row, "description"),
    source: "service",
    status: lastUsed !== null ? "active" : says(row, "lastActivation") ? "never-signed-in" : "unknown",
    level: levelOf(row["scope"]),
    twoFaEnabled: null,
    twoFaStatus: null,
    twoFaMethod: null,
    emailVerified: null,
    isSystem: null,
    canGenerateApiToken: null,
    allowRemoteShell: null,
    createdAt: text(row, "created_at"),
    firstLogin: null,
    lastUsed,
    token: tokenOf(row),
    createdBy: creator.id === null && creator.name === null ? null : creator,
  };
}

function tokenOf(row: MirrorRow): PrincipalFacts["token"] {
  const token = { createdAt: text(row, "api_token_created_at"), expiresAt: text(row, "api_token_expires_at") };
  return token.createdAt === null && token.expiresAt === null ? null : token;
}

function text(row: MirrorRow, column: string): string | null {
  return wordOrNull(row[column]);
}

function flag(row: MirrorRow, column: string): boolean | null {
  const value = row[column];
  return value === 1 ? true : value === 0 ? false : null;
}

/** Null is what the console said where the record has the field, and nothing at all where it does not. */
function says(row: MirrorRow, ...fields: readonly string[]): boolean {
  const raw = row["raw"];
  return typeof raw === "string" && fields.some((field) => raw.includes(`"${field}"`));
}
