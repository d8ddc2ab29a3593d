/** HTTP routes by which any product asks for the posture of devices, by whatever identifier it has. Nothing here asks SentinelOne. */
import { DeviceIdentifiers, DevicePosture, DevicePostures, DeviceQuestions, FleetPage, FleetQuery, type FleetSort } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import { defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { TenantScope } from "../kernel/scope.ts";
import type { Tx } from "../store/store.ts";
import { ageless, answerView } from "./answer-view.ts";
import { answerDevices, type DeviceQuestion } from "./answer.ts";
import { fleetPage, silentSince } from "./fleet.ts";
import type { PostureRouteDeps } from "./routes.ts";

const BASE = "/api/v1/posture/devices";
const ASKS = "answers from what is known; changes that matter are in the results log";

const DEFAULT_PAGE = 100;

export function deviceRoutes({ store, clock, findTenant }: PostureRouteDeps): readonly Route<Tx>[] {
  const ask = (scope: RouteContext<Tx>["scope"], questions: readonly DeviceQuestion[]) => answerDevices(store.read, store.kind, scope, questions, clock.now());
  return [
    defineRoute({
      method: "GET",
      path: BASE,
      summary: "Posture of one device, by any identifier",
      permission: "posture.read",
      audit: unaudited(ASKS),
      query: DeviceIdentifiers,
      answer: DevicePosture,
      same: ageless,
      async handle({ query }, { scope }: RouteContext<Tx>) {
        const [answer] = await ask(scope, [{ ref: "0", identifiers: defined(query) }]);
        if (answer === undefined) throw new Fault("INTERNAL", "A question without an answer.");
        return answerView(answer);
      },
    }),
    defineRoute({
      method: "POST",
      path: BASE,
      summary: "Posture of many devices, in the order asked",
      permission: "posture.read",
      audit: unaudited(ASKS),
      body: DeviceQuestions,
      answer: DevicePostures,
      same: ({ items }) => items.map(ageless),
      async handle({ body }, { scope }: RouteContext<Tx>) {
        const answers = await ask(scope, body.devices.map(({ ref, ...identifiers }, place) => ({ ref: ref ?? String(place), identifiers: defined(identifiers) })));
        return { items: answers.map(answerView) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/posture/fleet",
      summary: "Devices as a list, sorted and narrowed by name, serial number, site, system, verdict, when they were last seen or a missing serial number",
      permission: "posture.read",
      audit: unaudited(ASKS),
      query: FleetQuery,
      answer: FleetPage,
      async handle({ query: { tenant, sort = "name", limit = DEFAULT_PAGE, after, silent, ...filter } }, { scope: given }: RouteContext<Tx>) {
        const scope: TenantScope = tenant === undefined ? given : { all: false, tenants: [await findTenant(store.read, given, tenant)] };
        const reportedBefore = silent === undefined ? undefined : silentSince(clock.now(), silent);
        return fleetPage(store, scope, { ...filter, reportedBefore, sort: sort.replace("-", "") as FleetSort, descending: sort.startsWith("-") }, { after, limit });
      },
    }),
  ];
}

function defined(given: { readonly [Key in keyof DeviceQuestion["identifiers"]]?: string | null | undefined }): DeviceQuestion["identifiers"] {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === "string"));
}
