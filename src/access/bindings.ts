/**
 * What a record says its principal holds: one entry for each role on each scope. Old consoles leave fields out and a record may be odd in any way: what can be read
 * of it is, what cannot is counted, and nothing is concluded from silence.
 */
import type { MirrorRow } from "../mirror/capability.ts";
import type { PrincipalKind, ScopeKind } from "./model.ts";
import { idOrNull, levelOf, wordOrNull } from "./words.ts";

/** The console's own id of the whole console comes with roles or with those who hold one there; until it does, this stands for it. */
export const UNNAMED_GLOBAL = "global";

export interface HeldRole {
  /** Null where only its name is given. */
  readonly roleId: string | null;
  readonly roleName: string | null;
  readonly scopeKind: ScopeKind;
  /** Null: the whole console, whose id was not given. */
  readonly scopeId: string | null;
  readonly scopeName: string | null;
}

export interface Holdings {
  readonly held: readonly HeldRole[];
  /** Entries that could not be read as a role on a scope. */
  readonly unread: number;
  /** The record said what is held, all of it legible: what it no longer states is no longer so. */
  readonly whole: boolean;
}

const MOST_ENTRIES = 20_000;

export function holdingsOf(kind: PrincipalKind, row: MirrorRow): Holdings {
  const level = levelOf(row["scope"]) ?? levelByLists(row);
  const stated = listOf(row["scope_roles"]);
  if (stated !== null && stated.length > 0) return read(stated, level);
  if (kind === "user") {
    const sites = listOf(row["site_roles"]);
    if (sites !== null && sites.length > 0 && level === "site") return read(sites, "site");
    if (level === "global") {
      const names = globalRoles(row);
      if (names.length > 0) return { held: names.map((roleName) => ({ roleId: null, roleName, scopeKind: "global", scopeId: null, scopeName: null })), unread: 0, whole: true };
    }
  }
  return stated === null ? { held: [], unread: 1, whole: false } : { held: [], unread: 0, whole: true };
}

/** Where a record says nothing of its level, the older lists of roles beside it do. */
function levelByLists(row: MirrorRow): ScopeKind | null {
  if (row["scope"] !== null && row["scope"] !== undefined) return null;
  if ((listOf(row["site_roles"]) ?? []).length > 0) return "site";
  return (listOf(row["tenant_roles"]) ?? []).length > 0 ? "global" : null;
}

function read(entries: readonly unknown[], level: ScopeKind | null): Holdings {
  const held: HeldRole[] = [];
  let unread = Math.max(0, entries.length - MOST_ENTRIES);
  for (const entry of entries.slice(0, MOST_ENTRIES)) {
    const roles = level === null || !isRecord(entry) ? [] : rolesIn(entry, level);
    if (roles.length === 0) unread += 1;
    held.push(...roles);
  }
  return { held, unread, whole: unread === 0 };
}

/** An entry names one role by id; the list of names beside it may have more. */
function rolesIn(entry: Readonly<Record<string, unknown>>, scopeKind: ScopeKind): readonly HeldRole[] {
  const scopeId = idOrNull(entry["id"]);
  if (scopeId === null && scopeKind !== "global") return [];
  const names = Array.isArray(entry["roles"]) ? (entry["roles"] as readonly unknown[]).flatMap((name) => wordOrNull(name) ?? []) : [];
  const roleId = idOrNull(entry["roleId"]);
  const roleName = wordOrNull(entry["roleName"]) ?? names[0] ?? null;
  if (roleId === null && roleName === null) return [];
  const at = { scopeKind, scopeId, scopeName: wordOrNull(entry["name"]) };
  return [{ roleId, roleName, ...at }, ...[...new Set(names)].filter((name) => name !== roleName).map((name) => ({ roleId: null, roleName: name, ...at }))];
}

/** Those who hold a role on the whole console are sometimes given by its name alone. */
function globalRoles(row: MirrorRow): readonly string[] {
  const listed = (listOf(row["tenant_roles"]) ?? []).flatMap((role) => wordOrNull(isRecord(role) ? (role["name"] ?? role["roleName"]) : role) ?? []);
  const lowest = wordOrNull(row["lowest_role"]);
  return [...new Set(listed.length > 0 || lowest === null ? listed : [lowest])];
}

/** A list as the mirror keeps it, as JSON; null for anything else. */
function listOf(json: unknown): readonly unknown[] | null {
  if (typeof json !== "string") return null;
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? (value as readonly unknown[]) : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
