/**
 * What is worked out once about all agents of a generated estate, in a few bytes each, because listings ask for it by the million: their group,
 * how they ended, their last sign of life; and how many of them each scope holds and how many open threats each one has, kept as things stand.
 */
import type { Scope } from "../collection.ts";
import { HOUR } from "../times.ts";
import { agentCreated, endingOf, machineOf, osOf, supersededAt } from "./machines.ts";
import { GROUPS_PER_SITE, idOf, updatedAt, type World } from "./world.ts";

export interface Fleet {
  readonly groupOf: Uint32Array;
  /** 0 in service, 1 decommissioned, 2 uninstalled; as generated. */
  readonly ended: Uint8Array;
  readonly endedCount: number;
  /** Microseconds of the last change of an agent that nobody but itself changed. */
  readonly updated: Float64Array;
  /** How often the agent has reported since the start. */
  readonly beats: Uint16Array;
  /** Agents in service by id of account, site or group. */
  readonly inService: Map<string, number>;
  /** Open threats by agent, at the start. */
  readonly openThreats: Uint16Array;
}

export function makeFleet(world: World): Fleet {
  const size = world.sizes.agents;
  const groupOf = new Uint32Array(size);
  const ended = new Uint8Array(size);
  const updated = new Float64Array(size);
  const counts = new Uint32Array(world.groupScopes.length);
  let endedCount = 0;
  for (let index = 0; index < size; index += 1) {
    const group = (world.siteOfAgent[index] ?? 0) * GROUPS_PER_SITE + (machineOf(world, index, osOf(world, index)) === "server" ? 1 : 0);
    const ending = endingOf(world, index);
    groupOf[index] = group;
    ended[index] = ending;
    if (ending === 0) counts[group] = (counts[group] ?? 0) + 1;
    else endedCount += 1;
    const changed = updatedAt(world, "agents", index, agentCreated(world, index) + HOUR);
    updated[index] = Math.min(changed, supersededAt(world, index) ?? changed);
  }
  const inService = new Map<string, number>();
  for (const [group, count] of counts.entries()) addTo(inService, world.groupScopes[group]?.[0] ?? {}, count);
  return { groupOf, ended, endedCount, updated, beats: new Uint16Array(size), inService, openThreats: new Uint16Array(size) };
}

/** Adds to the counts of a scope's account, site and group. */
export function addTo(counts: Map<string, number>, scope: Scope, by: number): void {
  for (const id of [scope.account, scope.site, scope.group]) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + by);
}

export function agentScopes(world: World, fleet: Fleet, index: number): readonly Scope[] {
  return world.groupScopes[fleet.groupOf[index] ?? 0] ?? NOWHERE;
}

const NOWHERE: readonly Scope[] = [];

export function groupIdOf(group: number): string {
  return idOf("groups", group);
}
