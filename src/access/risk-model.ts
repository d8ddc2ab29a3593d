/**
 * The risks of the access graph as data: what each looks for, how much it weighs, how it is mended. A finding's id is made of what it is about, so that it
 * is the same in every run, and an exception holds for it until its end.
 */
import { createHash } from "node:crypto";

export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const CONFIDENCES = ["low", "medium", "high"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Of whom or what a finding speaks; findings are gone through in this order. */
export const SUBJECTS = ["principal", "binding", "role", "person"] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface Risk {
  readonly subject: Subject;
  readonly title: string;
  /** Weighs one more where the principal is an administrator. */
  readonly severity: Severity;
  readonly fix: string;
}

const USER_PAGE = "Settings > Users > Users";
const SERVICE_PAGE = "Settings > Users > Service Users";

export const RISKS = {
  "no-2fa": {
    subject: "principal",
    title: "Signs in to the console without a second factor",
    severity: "high",
    fix: `${USER_PAGE}, select the user, Actions > Enable 2FA (API: POST /users/2fa/enable), and have the person enrol at the next sign-in.`,
  },
  "local-beside-sso": {
    subject: "principal",
    title: "Has a password of the console although people sign in through SSO",
    severity: "medium",
    fix: `Let the person sign in through SSO and delete the local user in ${USER_PAGE} (API: DELETE /users/{id}). For an emergency account, make an exception with its owner.`,
  },
  "never-signed-in": { subject: "principal", title: "Was invited and never signed in", severity: "low", fix: `Ask whether it is still wanted; else delete it in ${USER_PAGE} (API: DELETE /users/{id}).` },
  stale: { subject: "principal", title: "Has not signed in for long", severity: "medium", fix: `Ask its manager; else delete it in ${USER_PAGE} (API: DELETE /users/{id}).` },
  "token-expiring": {
    subject: "principal",
    title: "API token runs out soon",
    severity: "medium",
    fix: `${SERVICE_PAGE}, select it, Actions > Regenerate API token (API: POST /service-users/{id}/generate-api-token; the old token stops at once), then hand the new one to whoever uses it.`,
  },
  "token-expired": { subject: "principal", title: "API token has run out", severity: "low", fix: `Delete the service user in ${SERVICE_PAGE} (API: DELETE /service-users/{id}), or regenerate its token where it is still needed.` },
  "token-never-expires": {
    subject: "principal",
    title: "API token has no end, or one that is too far away",
    severity: "high",
    fix: `${SERVICE_PAGE}, select it, Actions > Regenerate API token with an expiration date (API: POST /service-users/{id}/generate-api-token).`,
  },
  "token-unused": { subject: "principal", title: "API token works and nobody uses it", severity: "medium", fix: `Delete the service user in ${SERVICE_PAGE} (API: DELETE /service-users/{id}) once its owner agrees.` },
  "token-over-scoped": {
    subject: "principal",
    title: "Service user reaches further than one job needs",
    severity: "medium",
    fix: `${SERVICE_PAGE}, edit it: give it a reading role, or a role on the sites it works for (API: PUT /service-users/{id}).`,
  },
  "creator-gone": { subject: "principal", title: "Whoever made this service user is no longer among the users", severity: "medium", fix: "Find a new owner and write him into the description; or delete the service user." },
  "not-in-list": { subject: "principal", title: "User is not in the list of people", severity: "high", fix: `Ask whose it is; delete it in ${USER_PAGE} (API: DELETE /users/{id}), or complete the list and upload it again.` },
  "admin-wide": { subject: "binding", title: "Administrator of an account or of everything", severity: "medium", fix: `Edit its roles in ${USER_PAGE}: a smaller role, or this role on the sites it works for (API: PUT /users/{id}).` },
  "near-admin": { subject: "role", title: "Custom role that may nearly all an administrator may", severity: "medium", fix: "Settings > Users > Roles, edit the role: take out what its holders do not need (API: PUT /rbac/role/{id}); or count them as administrators." },
  "several-accounts": { subject: "person", title: "One person seems to have several accounts", severity: "medium", fix: `Keep one of them and delete the others in ${USER_PAGE}; separate accounts for administration deserve an exception with an owner.` },
} as const satisfies Readonly<Record<string, Risk>>;

export type RiskKind = keyof typeof RISKS;
export const RISK_KINDS = Object.keys(RISKS) as readonly RiskKind[];

export function kindsOf(subject: Subject): readonly RiskKind[] {
  return RISK_KINDS.filter((kind) => RISKS[kind].subject === subject);
}

/** What a risk rests on: names in camel case, values as the console or a threshold has them. */
export type Evidence = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface FindingPrincipal {
  readonly kind: string;
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
}

/** As a rule makes it. */
export interface FoundRisk {
  readonly risk: RiskKind;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly principal: FindingPrincipal | null;
  readonly role: { readonly id: string; readonly name: string | null } | null;
  readonly scope: { readonly kind: string; readonly id: string; readonly name: string | null } | null;
  readonly evidence: Evidence;
  /** RFC 3339; null where it was so before anybody looked. */
  readonly since: string | null;
  /** What makes it this finding and no other, beside the connection and the risk. */
  readonly about: readonly string[];
}

/** `stale-3f0c9a2b71d4e85c`: the same for the same subject, whenever and wherever it is worked out. */
export function findingId(connection: string, risk: RiskKind, about: readonly string[]): string {
  return `${risk}-${createHash("sha256").update(JSON.stringify([connection, risk, ...about])).digest("hex").slice(0, 16)}`;
}

/** The risk that an id is of, so that one rule is asked and not all. */
export function riskOfId(id: string): RiskKind | undefined {
  const match = /^([a-z0-9-]+)-[0-9a-f]{16}$/.exec(id);
  return RISK_KINDS.find((kind) => kind === match?.[1]);
}

export function raised(severity: Severity, steps: number): Severity {
  return SEVERITIES[Math.max(0, Math.min(SEVERITIES.length - 1, SEVERITIES.indexOf(severity) + steps))] ?? severity;
}

export function atLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
