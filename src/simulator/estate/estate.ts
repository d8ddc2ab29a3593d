/** The whole estate behind the console: one collection per stream, generated or loaded, and the frame it stands in. */
import type { StreamId } from "../../kernel/stream-ids.ts";
import { Collection, type Shape, type Source } from "../collection.ts";
import type { Sizes } from "../options.ts";
import type { ApiRecord } from "../record.ts";
import { activityShape, activitySource } from "./activities.ts";
import { agentShape, agentSource } from "./agents.ts";
import { alertShape, alertSource } from "./alerts.ts";
import { accountShape, accountSource, groupShape, groupSource, siteShape, siteSource, textAt } from "./frame.ts";
import { loadedSource, loadFolder } from "./loaded.ts";
import { roleShape, roleSource, serviceUserShape, serviceUserSource, userShape, userSource } from "./people.ts";
import { applicationShape, applicationSource, riskShape, riskSource } from "./software.ts";
import { cloudAlertShape, cloudAlertSource, threatShape, threatSource } from "./threats.ts";
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

export function makeEstate(seed: number, nowMicros: number, sizes: Sizes, folder: string | undefined): Estate {
  const world = makeWorld(seed, nowMicros, sizes);
  const loaded = folder === undefined ? undefined : loadFolder(folder);
  const made = new Map<StreamId, Collection>();
  const collect = (id: StreamId, part: Part): Collection => {
    const records = loaded?.get(id);
    const source = records === undefined ? part.source(world) : loadedSource(part.shape, records, id, byEndpoint(id, made));
    const collection = new Collection(part.shape, source);
    made.set(id, collection);
    return collection;
  };
  const sites = collect("sites", { shape: siteShape, source: siteSource });
  const streams = {
    sites,
    accounts: collect("accounts", { shape: accountShape, source: accountSource }),
    groups: collect("groups", { shape: groupShape(sites), source: groupSource }),
    roles: collect("roles", { shape: roleShape, source: roleSource }),
    users: collect("users", { shape: userShape, source: userSource }),
    "service-users": collect("service-users", { shape: serviceUserShape, source: serviceUserSource }),
    agents: collect("agents", { shape: agentShape, source: agentSource }),
    threats: collect("threats", { shape: threatShape, source: threatSource }),
    alerts: collect("alerts", { shape: alertShape, source: alertSource }),
    "cloud-detection-alerts": collect("cloud-detection-alerts", { shape: cloudAlertShape, source: cloudAlertSource }),
    activities: collect("activities", { shape: activityShape, source: activitySource }),
    applications: collect("applications", { shape: applicationShape, source: applicationSource }),
    risks: collect("risks", { shape: riskShape, source: riskSource }),
  } satisfies Record<StreamId, Collection>;
  return { world, loaded: loaded !== undefined, streams };
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

