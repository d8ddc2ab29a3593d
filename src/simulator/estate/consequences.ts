/**
 * What follows from a change, whoever made it, so that the streams of a generated estate keep telling one story: threats that open or close make
 * their agent infected or not; an agent that leaves service takes its applications and risks out of the lists, and brings them back when it
 * returns; a new one brings its own; an upgraded or removed application leaves no risks behind; scopes count the agents they hold.
 */
import type { Change, Collection, Scope } from "../collection.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import { readPath, type ApiRecord } from "../record.ts";
import { micros } from "../times.ts";
import { addTo, type Fleet } from "./fleet.ts";
import { appsPerAgent, risksOfAgent, SHOWN_OF_AGENT } from "./software.ts";
import { agentIndexOf } from "./happenings.ts";
import { isOpen, openThreats, threatCount } from "./threat-facts.ts";
import type { World } from "./world.ts";

type Streams = Readonly<Record<StreamId, Collection>>;

/** Fields that say whether an agent is in service. */
const SERVICE: ReadonlySet<string> = new Set(["isDecommissioned", "isUninstalled"]);

interface Service {
  readonly inService: boolean;
  readonly scope: Scope;
}

/** What an agent took along when it left service. */
interface Taken {
  /** With the record as it stood, where that is not the generated one. */
  readonly applications: Map<number, ApiRecord | undefined>;
  readonly risks: number[];
}

export class Consequences {
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #streams: Streams;
  /** Open threats: on which agent. Ordinals of both. */
  readonly #open = new Map<number, number>();
  /** What each changed agent is counted as. */
  readonly #counted = new Map<number, Service>();
  readonly #threatsOf = new Map<number, number[]>();
  readonly #taken = new Map<number, Taken>();
  /** Ordinals of applications and risks that were added for an agent. */
  readonly #addedFor = new Map<number, { readonly applications: number[]; readonly risks: number[] }>();

  constructor(world: World, fleet: Fleet, streams: Streams) {
    this.#world = world;
    this.#fleet = fleet;
    this.#streams = streams;
  }

  /** Counts how things stand, and follows every change from here on. */
  watch(): void {
    const { fleet, streams, world } = { fleet: this.#fleet, streams: this.#streams, world: this.#world };
    for (const [threat, agent] of openThreats(world)) {
      this.#open.set(threat, agent);
      fleet.openThreats[agent] = (fleet.openThreats[agent] ?? 0) + 1;
    }
    for (let threat = 0; threat < threatCount(world); threat += 1) this.#remember(this.#threatsOf, agentIndexOf(world, "threats", threat), threat);
    streams.agents.onChange((change) => {
      this.#agentChanged(change);
    });
    streams.threats.onChange((change) => {
      this.#threatChanged(change);
    });
    streams.applications.onChange((change) => {
      this.#applicationChanged(change);
    });
    streams.risks.onChange((change) => {
      if (change.kind === "added") this.#note(change.ordinal, "risks");
    });
  }

  #remember(index: Map<number, number[]>, key: number, value: number): void {
    const known = index.get(key);
    if (known === undefined) index.set(key, [value]);
    else known.push(value);
  }

  #agentChanged(change: Change): void {
    const { ordinal, stamp, paths } = change;
    for (const threat of this.#threatsOf.get(ordinal) ?? []) this.#streams.threats.note(threat);
    if (change.kind === "beat") return;
    const before = this.#counted.get(ordinal) ?? this.#asGenerated(ordinal);
    if (paths === undefined || paths.some((path) => SERVICE.has(path) || SHOWN_OF_AGENT.has(path))) {
      const now = this.#service(ordinal);
      this.#recount(before, now);
      this.#counted.set(ordinal, now);
      if (change.kind === "added") this.#bringSoftware(ordinal, stamp);
      else if (before.inService !== now.inService) this.#switchSoftware(ordinal, now.inService, stamp);
      else this.#showSoftware(ordinal, before.scope.site === now.scope.site ? undefined : stamp);
    }
    if (change.kind === "removed") this.#taken.delete(ordinal);
    // A record put in another's place, or one that came back, may not know of the threats that are open on it.
    if (paths === undefined && change.kind !== "removed") this.#infect(ordinal, stamp);
  }

  #asGenerated(ordinal: number): Service {
    if (ordinal >= this.#world.sizes.agents) return { inService: false, scope: {} };
    const group = this.#fleet.groupOf[ordinal] ?? 0;
    return { inService: this.#fleet.ended[ordinal] === 0, scope: this.#world.groupScopes[group]?.[0] ?? {} };
  }

  #service(ordinal: number): Service {
    const { agents } = this.#streams;
    const record = agents.get(ordinal);
    if (record === undefined) return { inService: false, scope: {} };
    return { inService: record["isDecommissioned"] !== true && record["isUninstalled"] !== true, scope: agents.scopes(ordinal)[0] ?? {} };
  }

  #recount(before: Service, now: Service): void {
    const counts = this.#fleet.inService;
    if (before.inService) addTo(counts, before.scope, -1);
    if (now.inService) addTo(counts, now.scope, 1);
    for (const { scope } of [before, now]) {
      for (const [stream, id] of [
        ["accounts", scope.account],
        ["sites", scope.site],
        ["groups", scope.group],
      ] as const) {
        for (const found of id === undefined ? [] : this.#streams[stream].find(id)) this.#streams[stream].note(found);
      }
    }
  }

  /** Ordinals of an agent's applications, whether they stand or not. */
  *#applicationsOf(agent: number): Generator<number, void, undefined> {
    const apps = appsPerAgent(this.#world);
    if (agent < this.#world.sizes.agents) for (let slot = 0; slot < apps; slot += 1) yield agent * apps + slot;
    yield* this.#addedFor.get(agent)?.applications ?? [];
  }

  *#risksOf(agent: number): Generator<number, void, undefined> {
    if (agent < this.#world.sizes.agents) yield* risksOfAgent(this.#world, agent);
    yield* this.#addedFor.get(agent)?.risks ?? [];
  }

  #note(ordinal: number, stream: "applications" | "risks"): void {
    const agent = this.#agentOf(this.#streams[stream].get(ordinal));
    if (agent === undefined) return;
    const added = this.#addedFor.get(agent) ?? { applications: [], risks: [] };
    added[stream].push(ordinal);
    this.#addedFor.set(agent, added);
  }

  #agentOf(record: ApiRecord | undefined): number | undefined {
    return record === undefined ? undefined : this.#streams.agents.find(String(record["endpointId"]))[0];
  }

  #showSoftware(agent: number, stamp: number | undefined): void {
    for (const ordinal of this.#applicationsOf(agent)) this.#streams.applications.note(ordinal, stamp);
    for (const ordinal of this.#risksOf(agent)) this.#streams.risks.note(ordinal, stamp);
  }

  /** Out of service: no inventory, and nothing left to fix. Back in service: what there was. */
  #switchSoftware(agent: number, inService: boolean, stamp: number): void {
    if (inService) this.#putBack(agent, stamp);
    else this.#takeOut(agent, stamp);
  }

  #takeOut(agent: number, stamp: number): void {
    const { applications, risks } = this.#streams;
    const taken: Taken = { applications: new Map(), risks: [] };
    for (const ordinal of this.#applicationsOf(agent)) {
      if (!applications.has(ordinal)) continue;
      taken.applications.set(ordinal, applications.isChanged(ordinal) ? applications.get(ordinal) : undefined);
      applications.remove(ordinal, stamp);
    }
    for (const ordinal of this.#risksOf(agent)) {
      if (!risks.has(ordinal) || risks.value(ordinal, "status") === "Removed") continue;
      taken.risks.push(ordinal);
      risks.patch(ordinal, { status: "Removed" }, stamp);
    }
    this.#taken.set(agent, taken);
  }

  #putBack(agent: number, stamp: number): void {
    const { applications, risks } = this.#streams;
    const taken = this.#taken.get(agent);
    this.#taken.delete(agent);
    if (taken === undefined) {
      // It was out of service from the start.
      for (const ordinal of this.#applicationsOf(agent)) applications.restore(ordinal, stamp);
      for (const ordinal of this.#risksOf(agent)) if (risks.has(ordinal)) risks.patch(ordinal, { status: "Detected" }, stamp);
      return;
    }
    for (const [ordinal, record] of taken.applications) {
      if (record === undefined) applications.restore(ordinal, stamp);
      else applications.update(ordinal, record, stamp);
    }
    for (const ordinal of taken.risks) if (risks.has(ordinal)) risks.patch(ordinal, { status: "Detected" }, stamp);
  }

  /** A new agent has the software of one that was there before it, until it tells more. */
  #bringSoftware(agent: number, stamp: number): void {
    const { agents, applications, risks } = this.#streams;
    const record = agents.get(agent);
    const model = this.#modelFor(record);
    if (record === undefined || model === undefined || !this.#service(agent).inService) return;
    for (const [collection, ordinals] of [
      [applications, [...this.#applicationsOf(model)]],
      [risks, [...this.#risksOf(model)]],
    ] as const) {
      for (const ordinal of ordinals) {
        const copied = collection.get(ordinal);
        if (copied === undefined || copied["status"] === "Removed") continue;
        collection.add((id) => ({ ...copied, id, endpointId: record["id"], detectionDate: micros(stamp), ...(collection === risks ? { daysDetected: 0 } : {}) }), stamp);
      }
    }
  }

  /** A generated agent in service of the same operating system and site, or at least of the same system. */
  #modelFor(record: ApiRecord | undefined): number | undefined {
    if (record === undefined) return undefined;
    const { agents } = this.#streams;
    let found: number | undefined;
    for (let index = 0; index < Math.min(this.#world.sizes.agents, 500); index += 1) {
      if (!agents.has(index) || this.#fleet.ended[index] !== 0 || agents.value(index, "osType") !== record["osType"]) continue;
      found ??= index;
      if (agents.value(index, "siteId") === record["siteId"]) return index;
    }
    return found;
  }

  #threatChanged(change: Change): void {
    const { threats, agents } = this.#streams;
    const { ordinal, stamp } = change;
    const was = this.#open.get(ordinal);
    const agent = this.#agentOfThreat(ordinal);
    if (change.kind === "added" && agent !== undefined) this.#remember(this.#threatsOf, agent, ordinal);
    const open = threats.has(ordinal) && isOpen(threats.value(ordinal, "threatInfo.mitigationStatus"), threats.value(ordinal, "threatInfo.incidentStatus"));
    const now = open ? agent : undefined;
    if (was === now) return;
    if (now === undefined) this.#open.delete(ordinal);
    else this.#open.set(ordinal, now);
    for (const changed of [was, now]) if (changed !== undefined && agents.has(changed)) this.#infect(changed, stamp);
  }

  #agentOfThreat(ordinal: number): number | undefined {
    const { threats, agents } = this.#streams;
    if (!threats.has(ordinal)) return undefined;
    const id = readPath(threats.get(ordinal), "agentRealtimeInfo.agentId");
    return typeof id === "string" ? agents.find(id)[0] : undefined;
  }

  /** Makes an agent show the threats that are open on it. */
  #infect(agent: number, stamp: number): void {
    const { agents } = this.#streams;
    let activeThreats = 0;
    for (const threat of this.#threatsOf.get(agent) ?? []) if (this.#open.get(threat) === agent) activeThreats += 1;
    const infected = activeThreats > 0;
    if (agents.value(agent, "activeThreats") === activeThreats && agents.value(agent, "infected") === infected) return;
    agents.patch(agent, { activeThreats, infected, updatedAt: micros(stamp) }, stamp);
  }

  #applicationChanged(change: Change): void {
    const { applications } = this.#streams;
    if (change.kind === "added") this.#note(change.ordinal, "applications");
    if (change.kind === "removed") return;
    if (change.paths?.includes("version") !== true) return;
    const record = applications.get(change.ordinal);
    const agent = this.#agentOf(record);
    if (record === undefined || agent === undefined) return;
    for (const ordinal of this.#risksOf(agent)) this.#fixed(ordinal, record, change.stamp);
  }

  /** A weakness of another version of this application is gone with that version. */
  #fixed(risk: number, application: ApiRecord, stamp: number): void {
    const { risks } = this.#streams;
    const record = risks.get(risk);
    if (record === undefined || record["status"] === "Removed") return;
    if (record["applicationName"] === application["applicationName"] && record["applicationVersion"] !== application["version"]) risks.patch(risk, { status: "Removed" }, stamp);
  }
}
