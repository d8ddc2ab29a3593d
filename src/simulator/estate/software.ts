/**
 * Installed applications and their risks. Every agent has the same number of applications, chosen from the products of its
 * operating system; a risk belongs to one application version on one agent, and the same version carries the same CVEs everywhere.
 */
import type { Collection, Shape, Source } from "../collection.ts";
import type { ApiRecord, Value } from "../record.ts";
import { mix } from "../random.ts";
import { DAY, HOUR, micros, seconds } from "../times.ts";
import { agentFacts, coresOf, type AgentFacts } from "./agents.ts";
import type { Fleet } from "./fleet.ts";
import { base, groupName, textAt } from "./frame.ts";
import { agentCreated, osOf } from "./machines.ts";
import { PRODUCTS, type OsFamily, type Product } from "./names.ts";
import { cveOf, type CveList } from "./cves.ts";
import { CODE, GROUPS_PER_SITE, idOf, type World } from "./world.ts";

interface Choice {
  readonly product: Product;
  /** Index in PRODUCTS. */
  readonly index: number;
}

const BY_OS: Readonly<Record<OsFamily, readonly Choice[]>> = {
  windows: productsFor("windows"),
  macos: productsFor("macos"),
  linux: productsFor("linux"),
};

function productsFor(os: OsFamily): readonly Choice[] {
  return PRODUCTS.map((product, index) => ({ product, index })).filter(({ product }) => product.os.includes(os));
}

const MOST_APPS = Math.min(...Object.values(BY_OS).map((choices) => choices.length));

/** Applications on each agent. */
export function appsPerAgent(world: World): number {
  if (world.sizes.agents === 0) return 0;
  return Math.min(MOST_APPS, Math.round(world.sizes.applications / world.sizes.agents));
}

/** The slot-th application of an agent: slots go round its system's products from a seeded start, so none repeats. */
function choiceOf(world: World, agent: Pick<AgentFacts, "index" | "os">, slot: number): Choice {
  const choices = BY_OS[agent.os];
  const start = mix(world.seed, CODE.applications, agent.index, 1) % choices.length;
  const choice = choices[(start + slot) % choices.length];
  if (choice === undefined) throw new RangeError("an operating system without products");
  return choice;
}

function versionOf(world: World, agent: Pick<AgentFacts, "index">, choice: Choice): string {
  const minor = mix(world.seed, CODE.applications, agent.index * 64 + choice.index, 2) % 4;
  return `${String(3 + (choice.index % 7))}.${String(minor)}.${String(choice.index % 5)}`;
}

/** Name and vendor of every product, as one key each. */
const PRODUCT_KEYS: readonly string[] = PRODUCTS.map((product) => `${product.name}\n${product.vendor}`);

function installedAt(world: World, agent: number, slot: number): number {
  const created = agentCreated(world, agent);
  return created + Math.floor((world.now - created) * ((mix(world.seed, CODE.applications, agent * 64 + slot, 3) % 90) / 100));
}

export function applicationSource(world: World, fleet: Fleet, agents: Collection): Source {
  const apps = appsPerAgent(world);
  const size = world.sizes.agents * apps;
  const choose = (index: number): Choice => {
    const agent = Math.floor(index / apps);
    return choiceOf(world, { index: agent, os: osOf(world, agent) }, index % apps);
  };
  return {
    ...base("applications", size),
    scopes: (index) => agents.scopes(Math.floor(index / apps)),
    // What is no longer in service has no inventory.
    absent: { count: fleet.endedCount * apps, test: (index) => fleet.ended[Math.floor(index / apps)] !== 0 },
    columns: {
      id: (index) => idOf("applications", index),
      // These three let three million records be grouped without making one.
      $product: (index) => PRODUCT_KEYS[choose(index).index] ?? "",
      version: (index) => versionOf(world, { index: Math.floor(index / apps) }, choose(index)),
      endpointId: (index) => idOf("agents", Math.floor(index / apps)),
    },
    make(index) {
      const slot = index % apps;
      const agent = agentFacts(world, Math.floor(index / apps));
      const choice = choiceOf(world, agent, slot);
      const installed = installedAt(world, agent.index, slot);
      const site = world.sites[agent.site];
      return {
        id: idOf("applications", index),
        endpointId: agent.id,
        endpointUuid: agent.uuid,
        endpointName: agent.name,
        endpointType: agent.machine,
        osType: agent.os,
        osName: agent.osName,
        osVersion: agent.osRevision,
        osArch: agent.os === "macos" ? "ARM64" : "64 bit",
        applicationName: choice.product.name,
        version: versionOf(world, agent, choice),
        fileSize: 1000 + (mix(world.seed, CODE.applications, choice.index, 4) % 900_000),
        cpuCount: agent.machine === "server" ? 2 : 1,
        coreCount: coresOf(world, agent.index),
        accountName: world.accounts[site?.account ?? 0]?.name ?? null,
        siteName: site?.name ?? null,
        groupName: groupName(agent.group % GROUPS_PER_SITE),
        detectionDate: micros(Math.min(installed + 3_600_000_000, world.now - 1_000_000)),
        applicationInstallationDate: seconds(installed),
        applicationInstallationPath: agent.os === "windows" ? `C:\\Program Files\\${choice.product.name}` : null,
        cpe: null,
      };
    },
  };
}

export function productOfRecord(record: ApiRecord): { readonly name: string; readonly vendor: string } {
  return { name: textAt(record, "applicationName") ?? "", vendor: textAt(record, "applicationVendor") ?? "" };
}

/** The n-th weakness of a product's version: the same facts wherever that version is installed. */
function weakness(cves: CveList | undefined, choice: Choice, version: string, nth: number): ApiRecord {
  const minor = Number(version.split(".")[1] ?? 0);
  const number = (choice.index * 4 + minor) * 200 + (nth % 200);
  const { cveId, severity, score } = cveOf(cves, number);
  const hash = mix(7, 7, number, 0);
  return {
    cveId,
    severity,
    baseScore: score,
    nvdBaseScore: score,
    riskScore: (Number(score) * 0.9).toFixed(1),
    cvssVersion: "3.1",
    nvdCvssVersion: "3.1",
    exploitCodeMaturity: ["Unproven", "Proof of Concept", "Functional", "High", "Not Defined"][hash % 5],
    remediationLevel: ["Official Fix", "Temporary Fix", "Workaround", "Unavailable", "Not Defined"][(hash >>> 4) % 5],
    reportConfidence: ["Confirmed", "Reasonable", "Unknown", "Not Defined"][(hash >>> 8) % 4],
  };
}

/** The ordinal of the application that a generated risk is of. */
export function applicationOfRisk(world: World, risk: number): number | undefined {
  const { agents, risks } = world.sizes;
  const apps = appsPerAgent(world);
  if (risk >= risks || apps === 0) return undefined;
  return (risk % agents) * apps + (Math.floor(risk / agents) % apps);
}

/** Risks of an agent, by ordinal: they lie one agent's number of records apart. */
export function* risksOfAgent(world: World, agent: number): Generator<number, void, undefined> {
  for (let index = agent; index < world.sizes.risks; index += world.sizes.agents) yield index;
}

export function riskSource(world: World, fleet: Fleet, collection: Collection, cves: CveList | undefined): Source {
  const apps = Math.max(1, appsPerAgent(world));
  const agents = world.sizes.agents;
  const size = agents === 0 || appsPerAgent(world) === 0 ? 0 : world.sizes.risks;
  const detected = (index: number): number => {
    const installed = installedAt(world, index % agents, Math.floor(index / agents) % apps) + HOUR;
    const since = Math.min(world.now - 1_000_000, Math.max(installed, world.now - 120 * DAY));
    return since + Math.floor((world.now - 1_000_000 - since) * ((mix(world.seed, CODE.risks, index, 1) % 1000) / 1000));
  };
  // A machine that is out of service has nothing left to fix.
  const removed = (index: number): boolean => fleet.ended[index % agents] !== 0 || mix(world.seed, CODE.risks, index, 3) % 14 === 0;
  const updated = (index: number): number => {
    const from = detected(index);
    return from + Math.floor((world.now - from) * ((mix(world.seed, CODE.risks, index, 4) % 1000) / 1000) * 0.98);
  };
  return {
    ...base("risks", size),
    scopes: (index) => collection.scopes(index % agents),
    columns: {
      id: (index) => idOf("risks", index),
      status: (index): Value => (removed(index) ? "Removed" : "Detected"),
      endpointId: (index) => idOf("agents", index % agents),
      detectionDate: detected,
      $touched: updated,
    },
    make(index) {
      const agent = agentFacts(world, index % agents);
      const turn = Math.floor(index / agents);
      const choice = choiceOf(world, agent, turn % apps);
      const version = versionOf(world, agent, choice);
      const facts = weakness(cves, choice, version, Math.floor(turn / apps));
      const since = detected(index);
      return {
        id: idOf("risks", index),
        ...facts,
        application: `${choice.product.name} ${version}`,
        applicationName: choice.product.name,
        applicationVendor: choice.product.vendor,
        applicationVersion: version,
        endpointId: agent.id,
        endpointName: agent.name,
        endpointType: agent.machine,
        osType: agent.os,
        daysDetected: Math.floor((world.now - since) / DAY),
        detectionDate: micros(since),
        publishedDate: seconds(world.now - (130 + (mix(3, 3, choice.index, Math.floor(turn / apps)) % 300)) * DAY),
        lastScanDate: seconds(world.now - (mix(world.seed, CODE.risks, agent.index, 5) % 1440) * 60_000_000),
        lastScanResult: "Succeeded",
        status: removed(index) ? "Removed" : "Detected",
        mitigationStatus: turn % 17 === 3 ? "To be patched" : "Not mitigated",
        mitigationStatusReason: null,
        mitigationStatusChangedBy: null,
        mitigationStatusChangeTime: null,
        markedBy: null,
        markedDate: null,
        markType: null,
        reason: null,
      };
    },
  };
}

/** Application and risk records name the machine they are about as it is now, and sit where it sits. */
function onEndpoint(agents: Collection): Pick<Shape, "scopesOf" | "asOfNow"> {
  const ordinalOf = (record: ApiRecord): number => agents.find(String(record["endpointId"]))[0] ?? -1;
  return {
    scopesOf(record) {
      const agent = ordinalOf(record);
      return agent === -1 ? [{}] : agents.scopes(agent);
    },
    asOfNow(record) {
      const ordinal = ordinalOf(record);
      const agent = agents.isChanged(ordinal) ? agents.get(ordinal) : undefined;
      if (agent === undefined) return record;
      const now: Record<string, unknown> = { ...record };
      for (const [shown, field] of SHOWN) if (Object.hasOwn(record, shown)) now[shown] = agent[field] ?? null;
      return now;
    },
  };
}

const SHOWN = [
  ["endpointName", "computerName"],
  ["endpointUuid", "uuid"],
  ["endpointType", "machineType"],
  ["accountName", "accountName"],
  ["siteName", "siteName"],
  ["groupName", "groupName"],
  ["osName", "osName"],
  ["osVersion", "osRevision"],
] as const;

/** What of an agent its applications and risks show or are placed by. */
export const SHOWN_OF_AGENT: ReadonlySet<string> = new Set([...SHOWN.map(([, field]) => field), "accountId", "siteId", "groupId"]);

export function applicationShape(agents: Collection): Shape {
  return { id: "applications", times: new Set(["detectionDate", "applicationInstallationDate"]), ...onEndpoint(agents) };
}

export function riskShape(agents: Collection): Shape {
  return { id: "risks", times: new Set(["detectionDate", "publishedDate", "lastScanDate"]), ...onEndpoint(agents) };
}
