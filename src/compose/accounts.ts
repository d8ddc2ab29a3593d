/** People's accounts put together: passwords, sessions, second factors sealed in the vault, and their routes. */
import type { Clock } from "../kernel/clock.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Route } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Vault } from "../connections/vault.ts";
import type { AuditLog } from "../server/audit.ts";
import { createOwnAccount } from "../server/own-account.ts";
import { createPasswords, type Cost } from "../server/passwords.ts";
import type { FactorSecrets } from "../server/second-factor.ts";
import { sessionRoutes } from "../server/session-routes.ts";
import { createSessions, type Sessions } from "../server/sessions.ts";
import { createSignIn, type SignIn } from "../server/sign-in.ts";
import { createThrottle } from "../server/throttle.ts";
import { userRoutes } from "../server/user-routes.ts";
import { createUsers, type Users } from "../server/users.ts";
import type { Store, Tx } from "../store/store.ts";
import { VERSION } from "./version.ts";

/** Every page of the console carries them: whoever has more looks for one by its name. */
const TENANTS_TO_CHOOSE_FROM = 100;

/** A person belongs to the hub, not to a tenant. */
const NO_TENANT = "" as TenantId;

export interface PeoplePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: AuditLog;
  readonly vault: Vault;
  readonly tenants: { list(scope: TenantScope, page: { readonly limit: number }): Promise<{ readonly items: readonly { readonly id: string; readonly name: string }[]; readonly next: string | null }>; get(scope: TenantScope, reference: string): Promise<{ readonly id: string }> };
  readonly publicUrl: string | null;
  readonly passwordCost: Cost | undefined;
}

export function peopleOf({ store, clock, log, audit, vault, tenants, publicUrl, passwordCost }: PeoplePorts): { readonly sessions: Sessions; readonly signIn: SignIn; readonly users: Users; readonly routes: readonly Route<Tx>[] } {
  const secrets: FactorSecrets = {
    seal: (tx, user, secret) => vault.seal(tx, { tenant: NO_TENANT, id: user, purpose: "totp" }, secret),
    open: (db, user) => vault.open(db, { tenant: NO_TENANT, id: user, purpose: "totp" }),
    destroy: (tx, user) => vault.destroy(tx, user),
  };
  const passwords = createPasswords(passwordCost);
  const throttle = createThrottle(clock);
  const sessions = createSessions({ store, clock, log, publicUrl });
  const signIn = createSignIn({ store, clock, audit, sessions, passwords, throttle, secrets });
  const users = createUsers({ store, clock, passwords, sessions, secrets, resolveTenant: async (scope, reference) => (await tenants.get(scope, reference)).id });
  const own = createOwnAccount({ store, clock, sessions, passwords, throttle, secrets });
  return { sessions, signIn, users, routes: [...sessionRoutes({ store, sessions, signIn, own, publicUrl, version: VERSION, tenants: (scope) => tenants.list(scope, { limit: TENANTS_TO_CHOOSE_FROM }) }), ...userRoutes(users)] };
}
