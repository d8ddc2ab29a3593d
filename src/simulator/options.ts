/** What a simulated console can be started with, and the sane ratios used for what is left out. */
import type { FaultPlan } from "./faults.ts";

export interface SimulatorOptions {
  /** 0 (default) takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly seed?: number;
  readonly agents?: number;
  readonly users?: number;
  readonly serviceUsers?: number;
  readonly sites?: number;
  readonly accounts?: number;
  readonly alerts?: number;
  readonly risks?: number;
  /** Installed-application records (one per application and agent); rounded to the same number on every agent. */
  readonly applications?: number;
  readonly threats?: number;
  readonly activities?: number;
  /** Folder of `<stream>.json` files served instead of a generated estate. */
  readonly load?: string;
  /** File of CVE ids for the risks, one a line, perhaps with severity and score; without it their ids are made up. */
  readonly cves?: string;
  readonly faults?: FaultPlan;
  /** Added before every API answer, milliseconds. */
  readonly latencyMs?: number;
  /** Simulated seconds per real second; 0 (default): time stands still and nothing changes by itself. */
  readonly speed?: number;
  /** At speed 0 the clock tells the time all the same, so that nobody finds it drifting; nothing else moves until `advance`. */
  readonly clockRuns?: boolean;
  readonly rateLimits?: "off" | "vendor";
  /** Where the console's clock starts, milliseconds; default: this second. */
  readonly now?: number;
  /** 400 for query parameters the endpoint does not know, instead of ignoring them. */
  readonly strict?: boolean;
}

export interface Sizes {
  readonly agents: number;
  readonly users: number;
  readonly serviceUsers: number;
  readonly sites: number;
  readonly accounts: number;
  readonly alerts: number;
  readonly cloudAlerts: number;
  readonly risks: number;
  readonly applications: number;
  readonly threats: number;
  readonly activities: number;
}

function between(low: number, value: number, high: number): number {
  return Math.max(low, Math.min(high, Math.round(value)));
}

function whole(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name} must be a whole number of at least ${String(least)}, not ${String(value)}`);
  return value;
}

/** Sizes of the estate; throws a RangeError for a negative or broken number. */
export function sizesOf(options: SimulatorOptions): Sizes {
  const agents = whole("agents", options.agents ?? 1000, 0);
  const sites = whole("sites", options.sites ?? between(3, agents / 80, 200), 1);
  return {
    agents,
    sites,
    accounts: whole("accounts", options.accounts ?? between(2, sites / 4, 40), 1),
    users: whole("users", options.users ?? between(24, agents / 20, 4000), 0),
    serviceUsers: whole("serviceUsers", options.serviceUsers ?? between(12, agents / 200, 300), 0),
    alerts: whole("alerts", options.alerts ?? between(40, agents * 0.3, 50_000), 0),
    cloudAlerts: between(20, agents * 0.1, 20_000),
    threats: whole("threats", options.threats ?? between(30, agents * 0.12, 30_000), 0),
    activities: whole("activities", options.activities ?? between(200, agents * 3, 300_000), 0),
    applications: whole("applications", options.applications ?? agents * 6, 0),
    risks: whole("risks", options.risks ?? agents * 8, 0),
  };
}
