/** HTTP routes of device posture: the rules, what devices are told, the records beside them, and the products that ask in words of their own. */
import type { AccessKeys } from "../kernel/assertion.ts";
import type { Clock } from "../kernel/clock.ts";
import type { QueueFact } from "../kernel/fact.ts";
import type { Route } from "../kernel/route.ts";
import type { Store, Tx } from "../store/store.ts";
import { cloudflareRoute } from "./cloudflare.ts";
import { coverageRoutes } from "./coverage.ts";
import { deviceRoutes } from "./device-routes.ts";
import { forwardAuthRoutes } from "./forward-auth.ts";
import type { FindTenant } from "./owner.ts";
import { providerRoutes } from "./provider-routes.ts";
import { recordRoutes } from "./record-routes.ts";
import { ruleRoutes } from "./rule-routes.ts";
import { whatIfRoutes } from "./whatif.ts";

export interface PostureRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly queueFact: QueueFact<Tx>;
  readonly findTenant: FindTenant;
  readonly accessKeys: AccessKeys;
  /** How others reach the hub; empty while nobody does. */
  readonly baseUrl: () => string;
}

export function postureRoutes(deps: PostureRouteDeps): readonly Route<Tx>[] {
  return [...ruleRoutes(deps), ...deviceRoutes(deps), ...recordRoutes(deps), ...providerRoutes(deps), cloudflareRoute(deps), ...forwardAuthRoutes(deps), ...coverageRoutes(deps), ...whatIfRoutes(deps)];
}
