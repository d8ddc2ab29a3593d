/** How far an account or a key reaches: one role, and the tenants it is for. Nobody is offered more than he has himself; the hub refuses it too. */
import { Checkbox, NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { roleWord, useSession, type Session } from "../../api/session.ts";
import { useAskTenantNames, useTenantNames } from "../../parts/tenant-names.ts";
import { TenantsSearch } from "../../parts/tenant-search.tsx";
import { count } from "../../parts/words.tsx";

export type RoleName = NonNullable<Session["user"]>["role"];

const ROLES: readonly RoleName[] = ["operator", "msp-admin", "analyst", "auditor", "viewer"];

const MAY: Readonly<Record<RoleName, string>> = {
  operator: "Everything, of every tenant: users, keyring, backups, SQL.",
  "msp-admin": "Runs the tenants below: connections, rules, destinations, users and keys.",
  analyst: "Works on cases, starts readings, sends again what was refused.",
  auditor: "Reads everything of the tenants below, the audit log, keys and users.",
  viewer: "Reads what is the tenants'.",
};

export interface Reach {
  readonly role: RoleName;
  /** Null: all that one sees oneself. */
  readonly tenants: readonly string[] | null;
}

export function ReachFields({ reach, onReach }: { readonly reach: Reach; readonly onReach: (reach: Reach) => void }): ReactNode {
  const { user, tenants, moreTenants, everyTenant } = useSession();
  const roles = ROLES.filter((role) => role !== "operator" || user?.role === "operator");
  const chosen = reach.tenants;
  return (
    <>
      <NativeSelect label="Role" description={MAY[reach.role]} value={reach.role} onChange={(event) => { const role = event.currentTarget.value as RoleName; onReach({ role, tenants: role === "operator" ? null : reach.tenants }); }} data={roles.map((role) => ({ value: role, label: roleWord(role) }))} />
      {reach.role === "operator" ? null : (
        <NativeSelect label="Tenants" value={chosen === null ? "all" : "some"} onChange={(event) => onReach({ ...reach, tenants: event.currentTarget.value === "some" ? [] : null })} data={[{ value: "all", label: everyTenant ? "Every tenant, also later ones" : "All that you see" }, { value: "some", label: "These only" }]} />
      )}
      {chosen === null ? null : moreTenants ? (
        <TenantsSearch chosen={chosen} onChosen={(some) => onReach({ ...reach, tenants: some })} />
      ) : (
        <div className="choices choices-tenants" role="group" aria-label="Tenants">
          {tenants.map(({ id, name }) => (
            <Checkbox key={id} label={name} checked={chosen.includes(id)} onChange={(event) => onReach({ ...reach, tenants: event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id) })} />
          ))}
        </div>
      )}
    </>
  );
}

/** Of many the first are named. */
const NAMED = 3;

type ReachWords = (tenants: readonly string[] | null) => string;

interface Reaching {
  readonly tenants: readonly string[] | null;
}

/** The same of rows that go into a file. */
export function useAskReachWords(): (rows: readonly Reaching[], signal: AbortSignal) => Promise<ReachWords> {
  const ask = useAskTenantNames();
  return async (rows, signal) => wordsWith(await ask(namedOf(rows), signal));
}

/** `rows`: whose reach is put into words. */
export function useReachWords(rows: readonly Reaching[]): ReachWords {
  return wordsWith(useTenantNames(namedOf(rows)));
}

function namedOf(rows: readonly Reaching[]): readonly string[] {
  return rows.flatMap(({ tenants }) => tenants?.slice(0, NAMED) ?? []);
}

function wordsWith(names: (id: string) => string): ReachWords {
  return (tenants) => {
    if (tenants === null) return "every tenant";
    const named = tenants.slice(0, tenants.length === NAMED + 1 ? NAMED - 1 : NAMED).map(names);
    return tenants.length > named.length ? `${named.join(", ")} and ${count(tenants.length - named.length)} more` : named.join(", ");
  };
}
