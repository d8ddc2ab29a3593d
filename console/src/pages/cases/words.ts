/** How a case's words look. */
import type { Answer } from "../../api/client.ts";
import type { Tone } from "../../parts/words.tsx";

export type Case = Answer<"GET /api/v1/cases">["items"][number];
export type CaseDetail = Answer<"GET /api/v1/cases/{id}">;
export type Member = CaseDetail["members"][number];
export type Status = Case["status"];
export type Verdict = Case["verdict"];

export const STATUS_TONES: Readonly<Record<Status, Tone>> = { new: "busy", "in-progress": "warn", waiting: "plain", resolved: "good" };
export const STATUS_WORDS: Readonly<Record<Status, string>> = { new: "New", "in-progress": "In progress", waiting: "Waiting", resolved: "Resolved" };
export const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = { undefined: "plain", "true-positive": "bad", suspicious: "warn", "false-positive": "good" };
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = { undefined: "None yet", "true-positive": "True positive", suspicious: "Suspicious", "false-positive": "False positive" };
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;
export const TYPES = ["ransomware", "malware", "exploit", "identity", "custom-rule", "cloud", "network", "agent-health", "other"] as const;

export const LINK_WORDS: Readonly<Record<CaseDetail["links"][number]["kind"], string>> = {
  storyline: "the same storyline",
  "file-device": "the same content on one device",
  "file-name-device": "the same content and name on one device",
  outbreak: "the same content and name within an hour",
  "name-device": "the same name on one device",
  "name-user": "the same name about one user",
  "name-source": "the same name from one address",
  "process-source": "one tool from one address",
  "health-device": "one trouble of one agent",
  "health-site": "one trouble at one site",
  record: "the same alert, seen twice",
};

export const ENTITY_WORDS: Readonly<Record<CaseDetail["entities"][number]["kind"], string>> = { device: "Device", user: "User", file: "File", process: "Process", sha1: "SHA-1", sha256: "SHA-256", md5: "MD5", address: "Address", domain: "Domain", "command-line": "Command line", signer: "Signer", technique: "Technique" };

export const CASE_PLACES = [
  { to: "/cases", name: "Cases" },
  { to: "/cases/knowledge", name: "Knowledge" },
  { to: "/cases/rules", name: "Triage rules" },
] as const;

export const MEANING_TONES: Readonly<Record<Answer<"GET /api/v1/cases/knowledge">["items"][number]["meaning"], Tone>> = { malicious: "bad", suspicious: "warn", benign: "good", context: "plain" };
