/**
 * What a demo holds besides the simulated console's records: posture rules, knowledge, destinations, and some cases that people work on, all given to the hub through its API as a
 * user would. Only a hub that has never had a connection gets them: nothing is added beside what somebody has set up.
 */
import type { DestinationDraft } from "../kernel/delivery-api.ts";
import type { KnowledgeDraft } from "../kernel/case-knowledge-api.ts";
import type { CaseList, CaseUpdate } from "../kernel/case-api.ts";
import type { IngestRuleSaved } from "../kernel/vulnerability-ingest-api.ts";
import type { ApiClient } from "./ports.ts";

/** Some devices fail each, for another reason; as the estate moves, verdicts turn. */
const RULES = [
  {
    name: "No open threat, not isolated",
    description: "Devices on which a threat is not resolved, and those that were taken off the network, are kept out.",
    expiration: "30m",
    condition: { all: [{ input: "infected", value: false }, { input: "network_status", operator: "==", value: "connected" }] },
    messages: { infected: "A threat on this device is not resolved yet; the security team is on it.", network_status: "The security team has taken this device off the network." },
  },
  { name: "Seen today", description: "The agent has reported within a day.", expiration: "30m", fail: { last_known: "1h" }, condition: { input: "last_seen", operator: "within", value: "24h", message: "Connect your computer to the internet for ten minutes." } },
  { name: "Supported agent", description: "Warns only: versions before 24.2 are being replaced.", expiration: "30m", warn_only: true, condition: { input: "agent_version", operator: ">=", value: "24.2" } },
  { name: "Disk encrypted", description: "Tried before it is enforced.", expiration: "30m", shadow: true, match: ["windows", "mac"], condition: { input: "disk_encrypted", value: true }, messages: { disk_encrypted: "Switch on BitLocker or FileVault in the system settings." } },
];

/** What people have written down, so that cases speak of it. */
const KNOWN: readonly KnowledgeDraft[] = [
  { type: "signer", indicator: "PackStation Ltd", meaning: "benign", text: "Our own software distribution; its jobs run on every site at night." },
  { type: "domain", indicator: "cdn-update.example", meaning: "malicious", text: "Served the installer of an earlier incident; blocked at the proxy since." },
  { type: "user", indicator: "svc-backup", meaning: "context", text: "Reads every server between 1:00 and 4:00; nobody signs in with it." },
  { type: "path", indicator: "C:\\Users\\Public\\Downloads\\", meaning: "suspicious", text: "Nothing of ours is started from there." },
];

export async function furnish(api: ApiClient, receiver: string): Promise<void> {
  await api.request("POST", "/api/v1/posture/rules", { body: { rules: RULES } });
  for (const body of KNOWN) await api.request("POST", "/api/v1/cases/knowledge", { body });
  const destinations: readonly DestinationDraft[] = [
    { name: "archive", kind: "file", config: { file: "alerts.ndjson", megabytes: 16, keep: 2 }, facts: ["alerts.*", "threats.*"], format: "ecs" },
    { name: "tickets", kind: "webhook", config: { url: `${receiver}/tickets` }, facts: ["cases.*", "alerts.*"], filter: { severity: "medium" } },
    { name: "access-proxy", kind: "webhook", config: { url: `${receiver}/access` }, facts: ["posture.*"] },
  ];
  for (const body of destinations) await api.request("POST", "/api/v1/destinations", { body });
}

const PEOPLE = ["Mara Voss", "Idris Okafor", "Lena Brandt"] as const;

/** What people have made of some of the newest grave cases; the others wait. */
const WORK: readonly CaseUpdate[] = [
  { status: "in-progress", note: "Asked the user; they do not know the file. Collecting the process tree before we isolate." },
  { status: "in-progress" },
  { status: "resolved", verdict: "false-positive", note: "Our own deployment tool, signed and from the share it always runs from." },
  { status: "waiting", note: "Waiting for the site's administrator to say who made the change." },
  { status: "resolved", verdict: "true-positive", note: "Cleaned, password changed, no other device shows the hash." },
  { status: "in-progress", verdict: "suspicious", note: "Nothing of it on the other servers so far." },
];

/** What is ingested when: everything as it is read, and a list of the servers by the hour. */
export async function schedule(api: ApiClient, connection: string): Promise<void> {
  await api.request("POST", "/api/v1/vulnerabilities/connectors", { body: { name: "fleet", connection, rule: { name: "Everything" } } });
  const saved = await api.request<IngestRuleSaved>("POST", "/api/v1/vulnerabilities/rules", { body: { connector: "fleet", name: "Servers, inventory", mode: "assets", machineTypes: ["server"], schedule: "hourly" } });
  await api.request("POST", `/api/v1/vulnerabilities/rules/${encodeURIComponent(saved.rule.id)}/run`);
}

/** Every other one, so that there is something left to take. */
export async function work(api: ApiClient): Promise<void> {
  const { items } = await api.request<CaseList>("GET", "/api/v1/cases", { query: { severity: "medium", limit: WORK.length * 4 } });
  const chosen = items.filter((_, place) => place % 2 === 1);
  for (const [place, { id }] of chosen.entries()) await api.request("PATCH", `/api/v1/cases/${encodeURIComponent(id)}`, { body: { owner: PEOPLE[place % PEOPLE.length], ...WORK[place % WORK.length] } });
}
