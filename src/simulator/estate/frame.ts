/** Accounts, sites and groups of a generated estate. */
import type { Collection, Shape, Source } from "../collection.ts";
import { isRecord, type ApiRecord } from "../record.ts";
import { DAY, micros } from "../times.ts";
import type { Fleet } from "./fleet.ts";
import { createdAt, diceFor, GROUPS_PER_SITE, idOf, indexOf, updatedAt, type Code, type World } from "./world.ts";

const OPERATOR = { creator: "Vendor Ops", creatorId: idOf("users", 0) };

export function textAt(record: ApiRecord, ...path: readonly string[]): string | undefined {
  let here: unknown = record;
  for (const key of path) here = isRecord(here) ? here[key] : undefined;
  if (typeof here === "string" && here !== "") return here;
  return typeof here === "number" ? String(here) : undefined;
}

function finder(kind: Code, size: number): (id: string) => readonly number[] {
  return (id) => {
    const index = indexOf(kind, id, size);
    return index === -1 ? [] : [index];
  };
}

export function base(kind: Code, size: number): Pick<Source, "size" | "find" | "newId"> {
  return { size, find: finder(kind, size), newId: (n) => idOf(kind, size + n) };
}

function licences(count: number): ApiRecord {
  return {
    bundles: [{ name: "complete", displayName: "Complete", majorVersion: 1, minorVersion: 3, totalSurfaces: count, surfaces: [{ name: "Total Agents", count }] }],
    modules: [{ name: "ranger_insights", displayName: "Vulnerability Management", majorVersion: 1 }],
    settings: [],
  };
}

export function accountSource(world: World, fleet: Fleet): Source {
  const size = world.accounts.length;
  return {
    ...base("accounts", size),
    scopes: (index) => world.accountScopes[index] ?? [],
    make(index) {
      const account = world.accounts[index];
      const agents = fleet.inService.get(account?.id ?? "") ?? 0;
      const sites = world.sites.filter((site) => site.account === index).length;
      const total = Math.ceil(((world.agentsInAccount[index] ?? 0) + 10) / 50) * 50;
      const made = createdAt(world, "accounts", index, size, 700);
      return {
        id: account?.id ?? idOf("accounts", index),
        name: account?.name ?? `Account ${String(index)}`,
        isDefault: index === 0,
        accountType: index % 5 === 4 ? "Trial" : "Paid",
        state: "active",
        expiration: index % 5 === 4 ? micros(world.now + 40 * DAY) : null,
        unlimitedExpiration: index % 5 !== 4,
        salesforceId: null,
        externalId: index % 2 === 0 ? `C-${String(1000 + index)}` : null,
        createdAt: micros(made),
        updatedAt: micros(updatedAt(world, "accounts", index, made)),
        activeAgents: agents,
        numberOfSites: sites,
        usageType: index % 3 === 1 ? "mssp" : "customer",
        billingMode: "subscription",
        irFields: null,
        makeSocDefaultUi: false,
        ...OPERATOR,
        licenses: licences(total),
        skus: [{ type: "Complete", totalLicenses: total, unlimited: false, agentsInSku: agents }],
        totalLicenses: total,
        coreSites: 0,
        controlSites: 0,
        completeSites: sites,
        totalCore: 0,
        totalControl: 0,
        totalComplete: total,
        unlimitedCore: false,
        unlimitedControl: false,
        unlimitedComplete: false,
        agentsInCoreSku: 0,
        agentsInControlSku: 0,
        agentsInCompleteSku: agents,
      };
    },
  };
}

function registrationToken(world: World, kind: Code, index: number): string {
  const text = JSON.stringify({ url: "https://console.s1sim.test", site_key: diceFor(world, kind, index).hex(20, 16) });
  return Buffer.from(text).toString("base64");
}

export function siteSource(world: World, fleet: Fleet): Source {
  const size = world.sites.length;
  return {
    ...base("sites", size),
    scopes: (index) => world.siteScopes[index] ?? [],
    make(index) {
      const site = world.sites[index];
      const account = world.accounts[site?.account ?? 0];
      const agents = fleet.inService.get(site?.id ?? "") ?? 0;
      const total = Math.ceil(((world.agentsInSite[index] ?? 0) + 5) / 25) * 25;
      const made = createdAt(world, "sites", index, size, 690);
      const state = index > 2 && index % 13 === 12 ? "expired" : "active";
      return {
        id: site?.id ?? idOf("sites", index),
        name: site?.name ?? `Site ${String(index)}`,
        accountId: account?.id ?? null,
        accountName: account?.name ?? null,
        state,
        siteType: "Paid",
        suite: "Complete",
        sku: "Complete",
        isDefault: index < world.accounts.length,
        healthStatus: true,
        activeLicenses: agents,
        totalLicenses: total,
        unlimitedLicenses: false,
        unlimitedExpiration: state === "active",
        inheritAccountExpiration: state === "active",
        expiration: state === "active" ? null : micros(world.now - 3 * DAY),
        externalId: "",
        description: index % 3 === 0 ? `Machines of ${site?.name ?? "the site"}` : null,
        registrationToken: registrationToken(world, "sites", index),
        ...OPERATOR,
        createdAt: micros(made),
        updatedAt: micros(updatedAt(world, "sites", index, made)),
        usageType: "customer",
        irFields: null,
        licenses: licences(total),
      };
    },
  };
}

export function groupSource(world: World, fleet: Fleet): Source {
  const size = world.sites.length * GROUPS_PER_SITE;
  return {
    ...base("groups", size),
    scopes: (index) => world.groupScopes[index] ?? [],
    make(index) {
      const site = Math.floor(index / GROUPS_PER_SITE);
      const n = index % GROUPS_PER_SITE;
      const made = createdAt(world, "groups", index, size, 680);
      return {
        id: idOf("groups", index),
        name: groupName(n),
        type: n === 0 ? "static" : "dynamic",
        siteId: world.sites[site]?.id ?? null,
        isDefault: n === 0,
        inherits: n === 0,
        rank: n === 0 ? null : n,
        filterId: n === 0 ? null : idOf("rules", index),
        filterName: n === 0 ? null : "Machine type is server",
        totalAgents: fleet.inService.get(idOf("groups", index)) ?? 0,
        description: null,
        ...OPERATOR,
        registrationToken: registrationToken(world, "groups", index),
        createdAt: micros(made),
        updatedAt: micros(updatedAt(world, "groups", index, made)),
      };
    },
  };
}

export function groupName(n: number): string {
  return n === 0 ? "Default Group" : "Servers";
}

const STAMPS: readonly string[] = ["createdAt", "updatedAt"];

export const accountShape: Shape = { id: "accounts", times: new Set([...STAMPS, "expiration"]), scopesOf: (record) => [{ account: textAt(record, "id") }] };

export const siteShape: Shape = {
  id: "sites",
  times: new Set([...STAMPS, "expiration"]),
  scopesOf: (record) => [{ account: textAt(record, "accountId"), site: textAt(record, "id") }],
};

/** A group names its site only; the account is the site's. */
export function groupShape(sites: Collection): Shape {
  return {
    id: "groups",
    times: new Set(STAMPS),
    scopesOf(record) {
      const site = textAt(record, "siteId");
      const owner = site === undefined ? undefined : sites.find(site)[0];
      const account = owner === undefined ? undefined : sites.scopes(owner)[0]?.account;
      return [{ account, site, group: textAt(record, "id") }];
    },
  };
}
