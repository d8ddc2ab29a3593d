/** The whole estate behind the console: one collection per stream, generated or loaded, and the frame it stands in. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import { Collection, type Shape, type Source } from "../collection.ts";
import type { Sizes } from "../options.ts";
import type { ApiRecord } from "../record.ts";
import { activityShape, activitySource } from "./activities.ts";
import { agentShape, agentSource } from "./agents.ts";
import { alertShape, alertSource } from "./alerts.ts";
import { Consequences } from "./consequences.ts";
import { readCves } from "./cves.ts";
import { makeFleet } from "./fleet.ts";
import { accountShape, accountSource, groupShape, groupSource, siteShape, siteSource, textAt } from "./frame.ts";
import { loadedSource, loadFolder } from "./loaded.ts";
import { serviceUserShape, serviceUserSource, userShape, userSource } from "./people.ts";
import { roleShape, roleSource } from "./roles.ts";
import { applicationShape, applicationSource, riskShape, riskSource } from "./software.ts";
import { cloudAlertShape, cloudAlertSource } from "./cloud-alerts.ts";
import { threatShape, threatSource } from "./threats.ts";
import { makeWorld, type World } from "./world.ts";

export interface Estate {
  readonly world: World;
  readonly loaded: boolean;
  readonly streams: Readonly<Record<StreamId, Collection>>;
}

interface Part {
  readonly shape: Shape;
  readonly source: (world: World) => Source;
}

/** What an estate may be made from besides its seed. */
export interface EstateFiles {
  /** A folder of records served instead of generated ones. */
  readonly load?: string | undefined;
  /** A list of CVE ids for the risks. */
  readonly cves?: string | undefined;
}

/** Throws an Error for a file that cannot be used. */
export function makeEstate(seed: number, nowMicros: number, sizes: Sizes, files: EstateFiles): Estate {
  const world = makeWorld(seed, nowMicros, sizes);
  const fleet = makeFleet(world);
  const cves = files.cves === undefined ? undefined : readCves(files.cves);
  const loaded = files.load === undefined ? undefined : loadFolder(files.load);
  const made = new Map<StreamId, Collection>();
  const collect = (id: StreamId, part: Part): Collection => {
    const records = loaded?.get(id);
    const collection = records === undefined ? new Collection(part.shape, part.source(world)) : loadedCollection(part.shape, records, id, made);
    made.set(id, collection);
    return collection;
  };
  const sites = collect("sites", { shape: siteShape, source: () => siteSource(world, fleet) });
  const agents = collect("agents", { shape: agentShape, source: () => agentSource(world, fleet) });
  const accounts = collect("accounts", { shape: accountShape, source: () => accountSource(world, fleet) });
  const groups = collect("groups", { shape: groupShape(sites), source: () => groupSource(world, fleet) });
  const places = { accounts, sites, groups };
  const streams = {
    sites,
    accounts,
    groups,
    roles: collect("roles", { shape: roleShape(places), source: roleSource }),
    users: collect("users", { shape: userShape(places), source: userSource }),
    "service-users": collect("service-users", { shape: serviceUserShape(places), source: serviceUserSource }),
    agents,
    threats: collect("threats", { shape: threatShape(agents), source: () => threatSource(world, agents) }),
    alerts: collect("alerts", { shape: alertShape, source: () => alertSource(world, agents) }),
    "cloud-detection-alerts": collect("cloud-detection-alerts", { shape: cloudAlertShape, source: cloudAlertSource }),
    activities: collect("activities", { shape: activityShape, source: activitySource }),
    applications: collect("applications", { shape: applicationShape(agents), source: () => applicationSource(world, fleet, agents) }),
    risks: collect("risks", { shape: riskShape(agents), source: () => riskSource(world, fleet, agents, cves) }),
  } satisfies Record<StreamId, Collection>;
  // Loaded records are served as they are: nothing follows from a change of one but the change.
  if (loaded === undefined) new Consequences(world, fleet, streams).watch();
  return { world, loaded: loaded !== undefined, streams };
}

function loadedCollection(shape: Shape, records: readonly ApiRecord[], id: StreamId, made: ReadonlyMap<StreamId, Collection>): Collection {
  const { asOfNow: _asOfNow, ...plain } = shape;
  return new Collection(plain, loadedSource(plain, records, id, byEndpoint(id, made)));
}

/** Loaded applications and risks sit where their agent does, when that agent was loaded too. */
function byEndpoint(id: StreamId, made: ReadonlyMap<StreamId, Collection>): Parameters<typeof loadedSource>[3] {
  if (id !== "applications" && id !== "risks") return undefined;
  return (record: ApiRecord) => {
    const agents = made.get("agents");
    const endpoint = textAt(record, "endpointId");
    const ordinal = endpoint === undefined ? undefined : agents?.find(endpoint)[0];
    return ordinal === undefined ? undefined : agents?.scopes(ordinal);
  };
}

