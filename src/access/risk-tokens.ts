/** Risks of a service user's token: of the token the console gives two dates and the last use, of the service user the roles it holds. */
import type { Estate } from "./risk-estate.ts";
import { raised, RISKS } from "./risk-model.ts";
import type { Judged, PrincipalInHand } from "./risk-principals.ts";
import { daysSince, timeAfter } from "./risk-times.ts";

export function judgeToken(estate: Estate, principal: PrincipalInHand): readonly Judged[] {
  return [...judgeDates(estate, principal), ...judgeReach(estate, principal)];
}

function judgeDates({ thresholds, now }: Estate, { facts }: PrincipalInHand): readonly Judged[] {
  const { token } = facts;
  if (token === null) return [];
  const found: Judged[] = [];
  const seen = { tokenCreatedAt: token.createdAt, tokenExpiresAt: token.expiresAt, lastUsed: facts.lastUsed };
  const ageDays = daysSince(token.expiresAt, now);
  const over = token.expiresAt !== null && Date.parse(token.expiresAt) <= now;
  if (over) found.push({ risk: "token-expired", severity: RISKS["token-expired"].severity, confidence: "high", evidence: { ...seen, days: ageDays }, since: timeAfter(token.expiresAt) });
  if (!over && ageDays !== null && -ageDays <= thresholds.tokenExpiringDays) {
    found.push({
      risk: "token-expiring",
      severity: raised(RISKS["token-expiring"].severity, -ageDays <= thresholds.tokenUrgentDays ? 1 : 0),
      confidence: "high",
      evidence: { ...seen, daysLeft: -ageDays, withinDays: thresholds.tokenExpiringDays },
      since: timeAfter(token.expiresAt, -thresholds.tokenExpiringDays),
    });
  }
  const livesDays = token.expiresAt === null || token.createdAt === null ? null : daysSince(token.createdAt, Date.parse(token.expiresAt));
  if (!over && (ageDays === null || (livesDays !== null && livesDays > thresholds.tokenLongestDays))) {
    found.push({ risk: "token-never-expires", severity: raised(RISKS["token-never-expires"].severity, ageDays === null ? 0 : -1), confidence: "high", evidence: { ...seen, livesDays, longestDays: thresholds.tokenLongestDays }, since: timeAfter(token.createdAt) });
  }
  // A new token of a service user that was used before is judged by its own age. Old consoles do not say when one was last used.
  const lastSign = [facts.lastUsed, token.createdAt ?? facts.createdAt].filter((time) => time !== null).toSorted().at(-1) ?? null;
  const idleDays = daysSince(lastSign, now);
  if (!over && (idleDays === null ? facts.lastUsed === null : idleDays >= thresholds.tokenUnusedDays)) {
    found.push({ risk: "token-unused", severity: RISKS["token-unused"].severity, confidence: idleDays === null || (facts.lastUsed === null && facts.status === "unknown") ? "low" : "high", evidence: { ...seen, days: idleDays, afterDays: thresholds.tokenUnusedDays }, since: timeAfter(lastSign, thresholds.tokenUnusedDays) });
  }
  return found;
}

/** Everything; an account as administrator; or a large part of the sites one by one. */
function judgeReach({ thresholds, sites }: Estate, { facts, holdings }: PrincipalInHand): readonly Judged[] {
  const { admin, scopes } = holdings;
  const share = sites === 0 ? 0 : scopes.site / sites;
  const why =
    scopes.global > 0 ? "everything" : admin === "account" ? "administrator of an account" : scopes.site >= thresholds.overScopedSites && share >= thresholds.overScopedShare ? "most sites" : null;
  if (why === null) return [];
  return [
    {
      risk: "token-over-scoped",
      severity: raised(RISKS["token-over-scoped"].severity, admin === "global" || admin === "account" ? 1 : scopes.global > 0 ? 0 : -1),
      confidence: "high",
      evidence: { why, hasToken: facts.token !== null, globalRoles: scopes.global, accounts: scopes.account, sites: scopes.site, sitesOfConsole: sites, siteShare: Math.round(share * 1000) / 1000, lastUsed: facts.lastUsed },
      since: null,
    },
  ];
}
