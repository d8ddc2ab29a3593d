/** Whose something is that somebody writes: one tenant's, or, of whoever sees all of them, all tenants'. */
import type { ReactNode } from "react";
import { useSession } from "../api/session.ts";
import { TenantChoice } from "./tenant-choice.tsx";
import { useTenant } from "./url.ts";

/** Empty: all tenants', or not chosen yet. */
export function useFirstOwner(): string {
  const { tenants, everyTenant } = useSession();
  return useTenant() ?? (everyTenant || tenants.length !== 1 ? "" : (tenants[0]?.id ?? ""));
}

/** Whether an owner may be written for. */
export function useOwnerChosen(owner: string): boolean {
  return useSession().everyTenant || owner !== "";
}

export function OwnerChoice({ label, value, onChange }: { readonly label: string; readonly value: string; readonly onChange: (owner: string) => void }): ReactNode {
  const { tenants, everyTenant } = useSession();
  if (tenants.length < 2) return null;
  return <TenantChoice label={label} labelled none={everyTenant ? "All tenants" : "Choose a tenant"} value={value} onChange={onChange} />;
}
