/**
 * What unified alerts are about: the products that raise them and, for each, the kinds of alert it knows. Kinds of Singularity Identity
 * carry the names real consoles show; rules and third-party products are invented.
 */
export interface AlertKind {
  readonly name: string;
  readonly text: string;
  /** Of the analytic that raised it. */
  readonly category: string;
  readonly uid: string;
  readonly typeValue: string;
  readonly severity: "CRITICAL" | "HIGH" | "MEDIUM" | "LOW" | "INFO";
  readonly confidence: "MALICIOUS" | "SUSPICIOUS" | null;
  readonly classification: string;
  readonly technique: readonly [uid: string, name: string];
  readonly tactic: readonly [uid: string, name: string];
  /** The event behind it, as indicators name their type. */
  readonly event: string;
  /** The program that did it, when one is known. */
  readonly process?: "scan-tool" | "shell" | "container";
  /** What the alert is about, where it is not a machine. */
  readonly about?: "person" | "nobody";
}

export interface AlertProduct {
  readonly product: string;
  readonly vendor: string;
  readonly surface: "ENDPOINT" | "IDENTITY" | "EMAIL" | "NETWORK";
  readonly kinds: readonly AlertKind[];
}

type Tactic = AlertKind["tactic"];

const DISCOVERY: Tactic = ["TA0007", "Discovery"];
// Real consoles write this one with a digit missing.
const CREDENTIALS: Tactic = ["TA006", "Credential Access"];
const PERSISTENCE: Tactic = ["TA0003", "Persistence"];
const EXECUTION: Tactic = ["TA0002", "Execution"];
const ACCESS: Tactic = ["TA0001", "Initial Access"];
const EXFILTRATION: Tactic = ["TA0010", "Exfiltration"];
const CONTROL: Tactic = ["TA0011", "Command and Control"];
const IMPACT: Tactic = ["TA0040", "Impact"];

function recon(name: string, text: string, uid: string, technique: AlertKind["technique"], about: Partial<AlertKind> = {}): AlertKind {
  return {
    name,
    text,
    category: "ADSecure-DC",
    uid,
    typeValue: "Rule",
    severity: "MEDIUM",
    confidence: "MALICIOUS",
    classification: "ENUMERATION",
    technique,
    tactic: DISCOVERY,
    event: "Directory Query: Search",
    process: "scan-tool",
    ...about,
  };
}

function identity(name: string, text: string, category: string, uid: string, technique: AlertKind["technique"], tactic: Tactic, change: Partial<AlertKind> = {}): AlertKind {
  return { name, text, category, uid, typeValue: "Rule", severity: "HIGH", confidence: "MALICIOUS", classification: "UNKNOWN", technique, tactic, event: "Authorize Session: Other", ...change };
}

const IDENTITY: readonly AlertKind[] = [
  recon("Domain Controller Discovery Detected", "A machine asked the directory for its domain controllers.", "5001301", ["T1018", "Remote System Discovery"]),
  recon("LDAP Search Detected", "A machine searched the directory more widely than machines of its kind do.", "5001304", ["T1087.002", "Domain Account"]),
  recon("AD Domain Computer Enumeration Detected", "A machine listed the computers of the domain.", "5001305", ["T1018", "Remote System Discovery"]),
  recon("AD Service Account Enumeration Detected", "A machine listed the accounts that services run under.", "5001306", ["T1087.002", "Domain Account"]),
  recon("AD ACL Enumeration", "A machine read who may change what in the directory.", "5001307", ["T1069.002", "Domain Groups"]),
  recon("Domain Users Enumeration Detected", "A machine listed the people of the domain.", "5001308", ["T1087.002", "Domain Account"]),
  identity("Brute force attack - Mass Account Lockout", "Many accounts were locked out within a short time.", "ThreatPath", "5002201", ["T1110", "Brute Force"], CREDENTIALS),
  identity("Default Admin Account Usage", "The built-in administrator account signed in.", "ThreatPath", "5002104", ["T1078.002", "Domain Accounts"], PERSISTENCE, { severity: "MEDIUM" }),
  identity("Compromised Password Detected", "A password of this person was found in a published breach.", "BreachDetect", "5003001", ["T1589.001", "Credentials"], ["TA0043", "Reconnaissance"], {
    severity: "MEDIUM",
    confidence: null,
    about: "person",
    event: "Account Change: Other",
  }),
  identity("DCSync Attack Detected", "A host that is no domain controller asked for the directory's secrets.", "ADSecure-DC", "5001802", ["T1003", "OS Credential Dumping"], CREDENTIALS, { severity: "CRITICAL" }),
  identity("New AD Privilege Accounts Detected", "An account became a member of a privileged group.", "ThreatPath", "5002107", ["T1212", "Exploitation for Credential Access"], CREDENTIALS, {
    severity: "MEDIUM",
    about: "person",
    event: "Group Management: Assign",
  }),
];

const CUSTOM: readonly AlertKind[] = [
  {
    name: "Encoded PowerShell",
    text: "A custom rule matched a shell started with an encoded command.",
    category: "Custom rule",
    uid: "R-100",
    typeValue: "Rule",
    severity: "HIGH",
    confidence: "SUSPICIOUS",
    classification: "UNKNOWN",
    technique: ["T1059.001", "PowerShell"],
    tactic: EXECUTION,
    event: "Process Activity: Launch",
    process: "shell",
  },
  {
    name: "New local administrator",
    text: "A custom rule matched an account that became a local administrator.",
    category: "Custom rule",
    uid: "R-101",
    typeValue: "Rule",
    severity: "MEDIUM",
    confidence: "SUSPICIOUS",
    classification: "UNKNOWN",
    technique: ["T1136.001", "Local Account"],
    tactic: PERSISTENCE,
    event: "Account Change: Create",
    process: "shell",
  },
];

const WORKLOADS: readonly AlertKind[] = [
  {
    name: "Miner in a container",
    text: "A container ran a program that mines coins.",
    category: "Reputation",
    uid: "CWS-12",
    typeValue: "Behavioral",
    severity: "HIGH",
    confidence: "MALICIOUS",
    classification: "CRYPTOMINER",
    technique: ["T1496", "Resource Hijacking"],
    tactic: IMPACT,
    event: "Process Activity: Launch",
    process: "container",
  },
  {
    name: "Binary not in the image",
    text: "A container ran a program that is no part of its image.",
    category: "Drift",
    uid: "CWS-31",
    typeValue: "Behavioral",
    severity: "MEDIUM",
    confidence: "SUSPICIOUS",
    classification: "UNKNOWN",
    technique: ["T1610", "Deploy Container"],
    tactic: EXECUTION,
    event: "Process Activity: Launch",
    process: "container",
  },
  {
    name: "Shell opened in a container",
    text: "Somebody opened a shell inside a running container.",
    category: "Behavioral",
    uid: "CWS-40",
    typeValue: "Behavioral",
    severity: "LOW",
    confidence: "SUSPICIOUS",
    classification: "INTERACTIVE_SHELL",
    technique: ["T1609", "Container Administration Command"],
    tactic: EXECUTION,
    event: "Process Activity: Launch",
    process: "container",
  },
];

const MAIL: readonly AlertKind[] = [
  {
    name: "Link to a look-alike domain",
    text: "A message with a link to a domain that resembles one of yours was delivered.",
    category: "Mail",
    uid: "PG-7",
    typeValue: "Rule",
    severity: "MEDIUM",
    confidence: null,
    classification: "PHISHING",
    technique: ["T1566.002", "Spearphishing Link"],
    tactic: ACCESS,
    event: "Email Activity: Receive",
    about: "person",
  },
  {
    name: "Forwarding rule to the outside",
    text: "A mailbox began to forward its messages to an outside address.",
    category: "Mail",
    uid: "PG-9",
    typeValue: "Rule",
    severity: "HIGH",
    confidence: "SUSPICIOUS",
    classification: "UNKNOWN",
    technique: ["T1114.003", "Email Forwarding Rule"],
    tactic: ["TA0009", "Collection"],
    event: "Email Activity: Other",
    about: "person",
  },
];

const WIRE: readonly AlertKind[] = [
  {
    name: "Beacon to a rare host",
    text: "A machine called the same rare host at even intervals.",
    category: "Network",
    uid: "WW-3",
    typeValue: "Statistical",
    severity: "HIGH",
    confidence: "SUSPICIOUS",
    classification: "COMMAND_AND_CONTROL",
    technique: ["T1071.001", "Web Protocols"],
    tactic: CONTROL,
    event: "Network Activity: Open",
  },
  {
    name: "Port scan from inside",
    text: "A machine tried many ports of its neighbours.",
    category: "Network",
    uid: "WW-5",
    typeValue: "Statistical",
    severity: "LOW",
    confidence: null,
    classification: "NETWORK",
    technique: ["T1046", "Network Service Discovery"],
    tactic: DISCOVERY,
    event: "Network Activity: Open",
    about: "nobody",
  },
];

const LOSS: readonly AlertKind[] = [
  {
    name: "Payroll data copied to a removable drive",
    text: "A file that matches a payroll classifier was written to a removable drive.",
    category: "Data loss",
    uid: "DLP-2",
    typeValue: "Keyword Match",
    severity: "MEDIUM",
    confidence: null,
    classification: "UNKNOWN",
    technique: ["T1052.001", "Exfiltration over USB"],
    tactic: EXFILTRATION,
    event: "File System Activity: Create",
  },
];

const OURS = "SentinelOne";

/** What the endpoint protection raises is made from threats; `fromThreat` fills the rest. */
const EDR: readonly AlertKind[] = [
  {
    name: "Suspicious process tree",
    text: "A program started children that programs of its kind do not start.",
    category: "Behavioral",
    uid: "A-310",
    typeValue: "Behavioral",
    severity: "HIGH",
    confidence: "MALICIOUS",
    classification: "MALWARE",
    technique: ["T1204.002", "Malicious File"],
    tactic: EXECUTION,
    event: "Process Activity: Launch",
    process: "shell",
  },
  {
    name: "Credential store read",
    text: "A program read the memory that holds credentials.",
    category: "Behavioral",
    uid: "A-311",
    typeValue: "Behavioral",
    severity: "CRITICAL",
    confidence: "MALICIOUS",
    classification: "INFO_STEALER",
    technique: ["T1003.001", "LSASS Memory"],
    tactic: CREDENTIALS,
    event: "Process Activity: Open",
    process: "shell",
  },
];

export const PRODUCTS = {
  edr: { product: "EDR", vendor: OURS, surface: "ENDPOINT", kinds: EDR },
  star: { product: "STAR", vendor: OURS, surface: "ENDPOINT", kinds: CUSTOM },
  cloud: { product: "CWS", vendor: OURS, surface: "ENDPOINT", kinds: WORKLOADS },
  identity: { product: "Identity", vendor: OURS, surface: "IDENTITY", kinds: IDENTITY },
  loss: { product: "DLP", vendor: OURS, surface: "ENDPOINT", kinds: LOSS },
  mail: { product: "Postbox Guard", vendor: "Postbox", surface: "EMAIL", kinds: MAIL },
  wire: { product: "Wirewatch", vendor: "Fennel Labs", surface: "NETWORK", kinds: WIRE },
} as const satisfies Readonly<Record<string, AlertProduct>>;

export type ProductId = keyof typeof PRODUCTS;

/** How often each product raises an alert that no threat or rule hit stands behind. */
export const SHARES: readonly ProductId[] = ["identity", "identity", "identity", "identity", "identity", "cloud", "cloud", "mail", "wire", "loss", "edr", "star"];
