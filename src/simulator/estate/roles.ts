/** Roles: the vendor's, those of the whole console, and custom ones of an account or a site, some of which nobody holds. */
import type { Scope, Shape, Source } from "../collection.ts";
import { rolePages } from "../roles.ts";
import { DAY, micros } from "../times.ts";
import { base, textAt } from "./frame.ts";
import { emailOf, GONE, holding, placeScope, type Places } from "./people.ts";
import { idOf, TENANT_ID, type EstateRole, type World } from "./world.ts";

/** How many people hold each role somewhere. */
function holders(world: World): readonly number[] {
  const counts = world.roles.map(() => 0);
  const names = new Map(world.roles.map(({ role }, at) => [role.name, at]));
  for (let index = 0; index < world.sizes.users; index += 1) {
    const held = new Set(holding(world, "users", index).scopeRoles.map((role) => role["roleName"]));
    for (const name of held) {
      const at = names.get(String(name));
      if (at !== undefined) counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  return counts;
}

interface Seat {
  readonly scopeId: string;
  readonly accountName: string | null;
  readonly siteName: string | null;
}

function seatOf(world: World, { level, place }: EstateRole): Seat {
  const site = level === "site" ? world.sites[place] : undefined;
  const account = level === "tenant" ? undefined : world.accounts[site?.account ?? place];
  return { scopeId: site?.id ?? account?.id ?? TENANT_ID, accountName: account?.name ?? null, siteName: site?.name ?? null };
}

export function roleSource(world: World): Source {
  const size = world.roles.length;
  let counts: readonly number[] | undefined;
  return {
    ...base("roles", size),
    scopes(index) {
      const found = world.roles[index];
      return (found?.level === "site" ? world.siteScopes : found?.level === "account" ? world.accountScopes : [])[found?.place ?? 0] ?? EVERYWHERE;
    },
    make(index) {
      const found = world.roles[index];
      const predefined = found?.role.predefined ?? true;
      const made = world.now - (predefined ? 2000 : 200 + index) * DAY;
      // The one who made the last role has left.
      const creator = predefined ? null : index === size - 1 ? { email: "former.colleague@estate.test", id: idOf("users", GONE) } : { email: emailOf(world, 1), id: idOf("users", 1) };
      counts ??= holders(world);
      return {
        id: idOf("roles", index),
        name: found?.role.name ?? "Role",
        description: found?.role.description ?? "",
        predefinedRole: predefined,
        scope: found?.level ?? "tenant",
        ...(found === undefined ? { scopeId: TENANT_ID, accountName: null, siteName: null } : seatOf(world, found)),
        usersInRoles: counts[index] ?? 0,
        creator: creator?.email ?? null,
        creatorId: creator?.id ?? null,
        updatedBy: null,
        updatedById: null,
        createdAt: micros(made),
        updatedAt: micros(made + 10 * DAY),
        pages: found === undefined ? [] : rolePages(found.role),
      };
    },
  };
}

/** Of a role that is everywhere, because it is the whole console's. */
const EVERYWHERE: readonly Scope[] = [{}];

export function roleShape(places: Places): Shape {
  return {
    id: "roles",
    times: new Set(["createdAt", "updatedAt"]),
    scopesOf(record) {
      const level = textAt(record, "scope")?.toLowerCase();
      const id = textAt(record, "scopeId");
      return id === undefined || level === undefined || level === "tenant" || level === "global" ? EVERYWHERE : [placeScope(places, id, level)];
    },
  };
}
