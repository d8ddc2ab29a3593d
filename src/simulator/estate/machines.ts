/**
 * What an agent runs on and what became of it, each a pure function of the seed: operating system by site, laptops, desktops and servers, machines
 * that were installed twice (two records), and the few per cent that were decommissioned or uninstalled.
 */
import { mix } from "../random.ts";
import { DAY, HOUR } from "../times.ts";
import type { OsFamily } from "./names.ts";
import { CODE, createdAt, type World } from "./world.ts";

export type Machine = "laptop" | "desktop" | "server";

const SALT = { os: 10, machine: 11, state: 12, twin: 18, active: 19 };

/** Agents were installed over this many days before now. */
export const FLEET_DAYS = 500;

/** About 3 % decommissioned (1), 1.5 % uninstalled (2). */
export function endingOf(world: World, index: number): 0 | 1 | 2 {
  const roll = mix(world.seed, CODE.agents, index, SALT.state) % 200;
  return roll < 6 ? 1 : roll < 9 ? 2 : 0;
}

function installedAgain(world: World, index: number): boolean {
  return index > 0 && mix(world.seed, CODE.agents, index, SALT.twin) % 40 === 0 && world.siteOfAgent[index] === world.siteOfAgent[index - 1];
}

/** About one machine in forty of large sites was installed again: the record before it is the same machine. */
function reinstalled(world: World, index: number): boolean {
  return installedAgain(world, index) && !installedAgain(world, index - 1);
}

export function agentCreated(world: World, index: number): number {
  return createdAt(world, "agents", index, world.sizes.agents, FLEET_DAYS);
}

/** How many of `size` records spread evenly over so many days before now had been made by that time. */
export function countBy(world: World, size: number, days: number, time: number): number {
  const step = (days * DAY) / (size + 1);
  return Math.max(0, Math.min(size, Math.floor((time - world.now + days * DAY) / step + 0.2)));
}

/** How many agents had been installed by that time; at least one where there are any. */
export function agentsBy(world: World, time: number): number {
  return Math.max(1, countBy(world, world.sizes.agents, FLEET_DAYS, time));
}

/** The index that names the machine: its first record's. */
export function machineIndex(world: World, index: number): number {
  return reinstalled(world, index) ? index - 1 : index;
}

/** When another record took over the machine, for a record that is no longer the machine's. */
export function supersededAt(world: World, index: number): number | undefined {
  if (index + 1 >= world.sizes.agents || !reinstalled(world, index + 1)) return undefined;
  return Math.max(agentCreated(world, index), agentCreated(world, index + 1) - HOUR);
}

export function osOf(world: World, index: number): OsFamily {
  const machine = machineIndex(world, index);
  const site = world.siteOfAgent[machine] ?? 0;
  const roll = mix(world.seed, CODE.agents, machine, SALT.os) % 100;
  const macs = site % 4 === 1 ? 45 : 12;
  if (roll < macs) return "macos";
  return roll < macs + (site % 5 === 2 ? 30 : 10) ? "linux" : "windows";
}

export function machineOf(world: World, index: number, os: OsFamily): Machine {
  const roll = mix(world.seed, CODE.agents, machineIndex(world, index), SALT.machine) % 100;
  if (os === "linux") return roll < 80 ? "server" : "laptop";
  if (os === "macos") return roll < 85 ? "laptop" : "desktop";
  return roll < 60 ? "laptop" : roll < 85 ? "desktop" : "server";
}

/** Connected at the moment the estate is generated for: nearly every server, seven in ten of what people carry home. */
export function activeAtStart(world: World, index: number): boolean {
  if (endingOf(world, index) !== 0 || supersededAt(world, index) !== undefined) return false;
  const share = machineOf(world, index, osOf(world, index)) === "server" ? 0.98 : 0.7;
  return mix(world.seed, CODE.agents, index, SALT.active) < share * 4_294_967_296;
}
