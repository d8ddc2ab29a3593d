/** What is set for one tenant, or, by whoever sees all of them, for all: of whoever sees several it has to be said which. */
import type { ReactNode } from "react";
import { useSession } from "../api/session.ts";
import { Empty } from "./states.tsx";
import { TenantChoice } from "./tenant-choice.tsx";
import { useUrl } from "./url.ts";

/** `ask` where one has to be chosen first. */
export function useOneTenant(): { readonly tenant: string | undefined; readonly ask: boolean } {
  const { tenants, everyTenant } = useSession();
  const chosen = useUrl().get("tenant");
  const tenant = chosen ?? (everyTenant || tenants.length !== 1 ? undefined : tenants[0]?.id);
  return { tenant, ask: tenant === undefined && !everyTenant };
}

export function AskTenant({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const url = useUrl();
  return (
    <div className="card">
      <Empty title={title} action={<TenantChoice label="Tenant" none="Choose a tenant" value="" onChange={(tenant) => url.set({ tenant })} />}>
        {children}
      </Empty>
    </div>
  );
}
