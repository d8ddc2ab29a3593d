/** Nouns of the graph as the API shows them. */
import type { AccessRoleView, BindingSince, PrincipalView, ScopeView } from "../kernel/access-api.ts";
import { isoTime } from "../kernel/clock.ts";
import type { AccessRole, Binding, Principal, PrincipalFacts, Scope } from "./model.ts";

export function principalView({ facts, ...principal }: Principal): PrincipalView {
  const { token, createdBy, ...rest } = facts;
  return { ...principal, ...rest, token: token === null ? null : { ...token }, createdBy: createdBy === null ? null : { ...createdBy } };
}

export function scopeView({ parent, ...scope }: Scope): ScopeView {
  return { ...scope, parent: parent === null ? null : { ...parent } };
}

export function roleView({ scope, permissions, ...role }: AccessRole): AccessRoleView {
  return { ...role, scope: scope === null ? null : { ...scope }, permissions: permissions === null ? null : [...permissions] };
}

/** What was there at the first reading may be as old as its principal, and no older. */
export function sinceView({ seenAt, absentAt, doubtedAt }: Pick<Binding, "seenAt" | "absentAt" | "doubtedAt">, facts: Pick<PrincipalFacts, "createdAt"> | null): BindingSince {
  const from = absentAt === null ? (facts?.createdAt ?? null) : isoTime(absentAt);
  return { evidence: absentAt === null ? "there-at-first-reading" : "seen-arriving", from, to: isoTime(seenAt), doubtedAt: doubtedAt === null ? null : isoTime(doubtedAt) };
}
