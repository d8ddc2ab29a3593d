/** What is answered about a device, as our API shows it. Pure. */
import type { DevicePosture } from "../kernel/posture-api.ts";
import { isoTime } from "../kernel/clock.ts";
import type { DeviceAnswer } from "./answer.ts";
import type { DeviceFacts, LeafResult } from "./model.ts";
import type { Verdict } from "./verdicts.ts";

export function answerView(answer: DeviceAnswer): DevicePosture {
  return {
    ref: answer.ref,
    match: matchView(answer.match),
    device: answer.device === null ? null : deviceView(answer.device),
    verdicts: answer.verdicts.map(verdictView),
    score: answer.score,
    evidenceAt: timeOf(answer.evidenceAt),
    evidenceAgeMs: answer.evidenceAgeMs === null ? null : Math.round(answer.evidenceAgeMs),
    lastActive: answer.lastActive,
  };
}

/** All that makes it another answer: its age grows by itself and follows from the time of the evidence. */
export function ageless(view: DevicePosture): Omit<DevicePosture, "evidenceAgeMs"> {
  const { evidenceAgeMs: _age, ...rest } = view;
  return rest;
}

function matchView(match: DeviceAnswer["match"]): DevicePosture["match"] {
  if (match.kind === "matched") return { kind: "matched", by: [...match.by], confidence: match.confidence, why: null, candidates: [] };
  if (match.kind === "unknown") return { kind: "unknown", by: [], confidence: null, why: match.why, candidates: [] };
  return { kind: "ambiguous", by: [match.by], confidence: null, why: null, candidates: match.devices.map((device) => ({ connection: device.connection, agentId: device.id, hostname: device.hostname })) };
}

function deviceView(device: DeviceFacts): NonNullable<DevicePosture["device"]> {
  return {
    connection: device.connection,
    agentId: device.id,
    tenant: device.tenant,
    siteId: device.siteId,
    siteName: device.siteName,
    groupName: device.groupName,
    serial: device.serial,
    macs: [...device.macs],
    hostname: device.hostname,
    domain: device.domain,
    emails: [...device.emails],
    userName: device.userName,
    platform: device.platform,
    osName: device.osName,
    osVersion: device.osVersion,
    model: device.model,
    agentVersion: device.agentVersion,
    decommissioned: device.decommissioned,
    uninstalled: device.uninstalled,
  };
}

function verdictView(verdict: Verdict): DevicePosture["verdicts"][number] {
  const { rule, outcome, enforced, exception, decision, reason, since, message, conditions } = verdict;
  return {
    rule: { ...rule },
    outcome,
    enforced,
    exception: exception === null ? null : { id: exception.id, owner: exception.owner, reason: exception.reason, endsAt: isoTime(exception.endsAt) },
    allow: decision.allow,
    because: decision.because,
    reason,
    since: timeOf(since),
    message,
    conditions: conditions.map(conditionView),
  };
}

function conditionView({ input, operator, negated, expected, received, met, message }: LeafResult): DevicePosture["verdicts"][number]["conditions"][number] {
  return { input, operator, negated, expected: plain(expected), received: plain(received), met, message };
}

function plain<T extends string | number | boolean | null>(value: T | readonly string[]): T | string[] {
  return Array.isArray(value) ? [...(value as readonly string[])] : (value as T);
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
