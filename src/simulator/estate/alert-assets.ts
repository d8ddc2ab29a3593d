/** What an alert says about its machine or person: the asset as it is now, how it was at detection, and where it runs. */
import type { Dice } from "../random.ts";
import type { ApiRecord } from "../record.ts";
import { millis } from "../times.ts";
import type { AgentFacts } from "./agents.ts";
import type { AlertKind, AlertProduct } from "./alert-kinds.ts";
import { groupName } from "./frame.ts";
import { GROUPS_PER_SITE, idOf, type World } from "./world.ts";

export function osType(agent: AgentFacts): string {
  return agent.os.toUpperCase();
}

export function realTimeScope(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    account: { id: account?.id ?? null, name: account?.name ?? "" },
    site: { id: site?.id ?? null, name: site?.name ?? "" },
    group: { id: idOf("groups", agent.group), name: groupName(agent.group % GROUPS_PER_SITE) },
  };
}

export function simpleScope(world: World, agent: AgentFacts): ApiRecord {
  const site = world.sites[agent.site];
  const account = world.accounts[site?.account ?? 0];
  return {
    accountId: account?.id ?? null,
    accountName: account?.name ?? "",
    siteId: site?.id ?? null,
    siteName: site?.name ?? "",
    groupId: idOf("groups", agent.group),
    groupName: groupName(agent.group % GROUPS_PER_SITE),
  };
}

export function assetId(agent: AgentFacts): string {
  return `me3sim${String(agent.index).padStart(8, "0")}`;
}

const SUBCATEGORIES: Readonly<Record<AgentFacts["machine"], string>> = { server: "Other Server", laptop: "Laptop", desktop: "Desktop" };

/** The asset as it is now. Only our own endpoint products know its agent. */
export function assetOf(agent: AgentFacts, product: AlertProduct, kind: AlertKind, dice: Dice): ApiRecord {
  const known = product.vendor === "SentinelOne" && product.surface === "ENDPOINT";
  const person = kind.about === "person";
  const category = person ? "Identity" : kind.about === "nobody" ? "Device" : agent.machine === "server" ? "Server" : "Workstation";
  const subcategory = person ? "AD User" : kind.about === "nobody" ? "Other Device" : SUBCATEGORIES[agent.machine];
  const tagged = known && dice.chance(50, 0.2);
  return {
    id: person ? `me3person${String(agent.index).padStart(6, "0")}` : assetId(agent),
    accessible: true,
    deleted: false,
    primary: true,
    category,
    subcategory,
    name: person ? agent.user : kind.about === "nobody" ? "Unknown" : agent.name,
    type: person || kind.about === "nobody" ? "UNKNOWN" : agent.machine.toUpperCase(),
    osType: person || kind.about === "nobody" ? "UNKNOWN" : osType(agent),
    osVersion: person || kind.about === "nobody" ? null : `${agent.osName} ${agent.osRevision}`,
    agentUuid: known ? agent.uuid : null,
    agentVersion: known ? agent.version : null,
    agentOperatingMode: known ? "Optimized" : null,
    assetTypeClassifier: person ? "AD User" : agent.machine === "server" ? `${agent.os === "windows" ? "Windows" : "Linux"} Server` : category,
    connectivityToConsole: known ? (agent.active ? "ONLINE" : "OFFLINE") : null,
    decommissioned: known ? false : null,
    lastLoggedInUser: person ? null : agent.user,
    origin: "RESOURCES",
    pendingReboot: known ? dice.chance(51, 0.05) : null,
    policy: known ? "PROTECT" : null,
    role: "TARGET",
    status: "ACTIVE",
    paths: ["ocsf.evidences[0].device"],
    tags: tagged ? [{ key: "Department", value: "Finance", keyValue: "Department:Finance", type: "USER" }] : [],
  };
}

function cloudOf(dice: Dice): ApiRecord {
  const instance = `i-${dice.hex(60, 17)}`;
  const tags = ["environment: production"];
  switch (dice.pick(61, ["AWS", "AWS", "Azure", "GCP"] as const)) {
    case "AWS": {
      const vpc = `vpc-${dice.hex(62, 8)}`;
      return {
        accountId: "210000000001",
        cloudProvider: "AWS",
        image: "ami-0sim0000000000001",
        instanceId: instance,
        instanceSize: "t3.large",
        location: "eu-west-3",
        network: vpc,
        providerDetails: {
          __typename: "DetectionAws",
          accountId: "210000000001",
          imageId: "ami-0sim0000000000001",
          instanceId: instance,
          instanceType: "t3.large",
          region: "eu-west-3",
          role: "arn:aws:iam::210000000001:role/sim-node",
          securityGroups: [`sg-${dice.hex(63, 8)}`],
          subnetIds: [`subnet-${dice.hex(64, 8)}`],
          tags,
          vpcId: vpc,
        },
        tags,
      };
    }
    case "Azure": {
      const subscription = dice.uuid(65);
      return {
        accountId: subscription,
        cloudProvider: "Azure",
        image: "SimLinux:Server:24:latest",
        instanceId: dice.uuid(66),
        instanceSize: "Standard_D4s_v5",
        location: "westeurope",
        network: "sim-vnet",
        providerDetails: {
          __typename: "DetectionAzure",
          imageId: "SimLinux:Server:24:latest",
          instanceId: dice.uuid(66),
          instanceType: "Standard_D4s_v5",
          region: "westeurope",
          resourceGroup: "sim-workloads",
          subscriptionId: subscription,
          tags,
        },
        tags,
      };
    }
    default: {
      const network = "projects/sim-project-1/global/networks/default";
      return {
        accountId: "sim-project-1",
        cloudProvider: "GCP",
        image: "gke-sim-cos-1",
        instanceId: String(4_000_000_000_000 + dice.int(67, 1_000_000)),
        instanceSize: "n2-standard-4",
        location: "europe-west9-b",
        network,
        providerDetails: {
          __typename: "DetectionGcp",
          imageId: "gke-sim-cos-1",
          instanceId: String(4_000_000_000_000 + dice.int(67, 1_000_000)),
          instanceType: "n2-standard-4",
          projectId: "sim-project-1",
          serviceAccount: "node@sim-project-1.test",
          tags,
          vpcId: network,
          zone: "europe-west9-b",
        },
        tags,
      };
    }
  }
}

function kubernetesOf(dice: Dice): ApiRecord {
  const app = dice.pick(70, ["cart", "ledger", "tracking"] as const);
  const pod = `${app}-${dice.hex(71, 9)}-${dice.hex(72, 5)}`;
  return {
    clusterName: `sim-cluster-${String(1 + dice.int(73, 3))}`,
    containerId: dice.hex(74, 64),
    containerImageName: `registry.estate.test/${app}:2.4`,
    containerLabels: [`app=${app}`],
    containerName: app,
    containerNetworkStatus: null,
    controllerLabels: [`app=${app}`],
    controllerName: app,
    controllerType: "deployment",
    namespaceLabels: ["env=prod"],
    namespaceName: "prod",
    nodeLabels: ["node-role=worker"],
    nodeName: `worker-${String(1 + dice.int(75, 9))}`,
    podLabels: [`app=${app}`, "tier=backend"],
    podName: pod,
  };
}

/** How things stood at detection. */
export function detectionOf(world: World, agent: AgentFacts, attacker: AgentFacts | undefined, kind: AlertKind, dice: Dice): ApiRecord {
  const workload = kind.process === "container";
  const asset =
    kind.about === undefined
      ? {
          agentVersion: agent.version,
          consoleIpAddress: agent.externalIp,
          domain: agent.domain,
          ipV4: agent.ip,
          ipV4Addresses: [agent.ip],
          ipV6: null,
          ipV6Addresses: [],
          lastLoggedInUser: agent.user,
          osName: agent.osName,
          osRevision: agent.osRevision,
          osType: osType(agent),
          policy: "PROTECT",
          subscriptionTime: millis(agent.created),
        }
      : null;
  const scope = simpleScope(world, agent);
  const cloud = workload ? cloudOf(dice) : null;
  const kubernetes = workload ? kubernetesOf(dice) : null;
  const mail = `${agent.user}@${world.accounts[world.sites[agent.site]?.account ?? 0]?.domain ?? "estate.test"}`;
  const targeted = attacker !== undefined || kind.about === "person";
  return {
    asset,
    assets: [{ accessible: true, asset, cloud, deleted: false, kubernetes, origin: "RESOURCES", paths: ["ocsf.evidences[0].device"], primary: true, scope }],
    attacker: attacker === undefined ? null : { host: attacker.name, ip: attacker.ip },
    cloud,
    kubernetes,
    scope,
    targetUser: targeted ? { displayName: agent.person, domain: agent.domain, emailAddress: kind.about === "person" ? mail : null, name: agent.user } : null,
  };
}

const TOOLS = ["net1.exe", "cmd.exe", "sharphound.exe", "sharphound.exe"] as const;

export function processOf(agent: AgentFacts, kind: AlertKind, dice: Dice): ApiRecord | null {
  if (kind.process === undefined) return null;
  const sha256 = dice.hex(18, 64);
  const file = (path: string, known: boolean): ApiRecord => ({
    certSubject: null,
    md5: known ? dice.hex(19, 32) : null,
    name: path.split(/[\\/]/u).at(-1) ?? path,
    path,
    sha1: known ? dice.hex(20, 40) : null,
    sha256: known ? sha256 : sha256.toUpperCase(),
  });
  if (kind.process === "scan-tool") {
    const tool = dice.pick(21, TOOLS);
    const path = tool === "sharphound.exe" ? `c:\\users\\${agent.user}\\downloads\\${tool}` : `c:\\windows\\system32\\${tool}`;
    return { cmdLine: tool === "net1.exe" ? 'net1 group "Domain Controllers" /domain' : tool, file: file(path, false), parentName: tool === "net1.exe" ? "net.exe" : null };
  }
  if (kind.process === "container") return { cmdLine: "/tmp/kworker -o pool.estate.test:3333", file: file("/tmp/kworker", true), parentName: "sh" };
  return agent.os === "windows"
    ? { cmdLine: "powershell.exe -NoProfile -EncodedCommand JABzAGkAbQA=", file: file("c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe", true), parentName: "explorer.exe" }
    : { cmdLine: "/bin/sh -c /tmp/update", file: file("/tmp/update", true), parentName: "sh" };
}
