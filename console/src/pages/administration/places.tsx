/** The pages of administration that the session may open. */
import { Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession, type Session } from "../../api/session.ts";
import { Places } from "../../parts/places.tsx";
import { NotFound } from "../../parts/states.tsx";

const PAGES = [
  { to: "/administration/users", name: "Users", permission: "users.read" },
  { to: "/administration/keys", name: "API keys", permission: "keys.read" },
  { to: "/administration/tenants", name: "Tenants", permission: "tenants.write" },
  { to: "/administration/audit", name: "Audit log", permission: "audit.read" },
  { to: "/administration/backup", name: "Backup", permission: "operate" },
  { to: "/administration/about", name: "About", permission: null },
] as const satisfies readonly { readonly to: string; readonly name: string; readonly permission: Session["permissions"][number] | null }[];

export function AdministrationPlaces(): ReactNode {
  const { permissions } = useSession();
  return <Places name="Administration" places={PAGES.filter(({ permission }) => permission === null || permissions.includes(permission))} />;
}

/** The first of them that the session may open. */
export function AdministrationPage(): ReactNode {
  const { permissions } = useSession();
  const first = PAGES.find(({ permission }) => permission === null || permissions.includes(permission));
  return first === undefined ? <NotFound /> : <Navigate to={first.to} replace />;
}
