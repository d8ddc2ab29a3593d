/** What is wrong with the integration itself, of what is known of connections and destinations. Pure. */
import type { FactSeverity } from "../kernel/fact.ts";
import { isSilent, silenceAfter, type Mark } from "./rhythm.ts";

export const TROUBLES = ["token-expiring", "token-rejected", "scope-narrowed", "silence", "devices-fell", "destination-parked", "destination-failing"] as const;
export type TroubleKind = (typeof TROUBLES)[number];

export interface Trouble {
  /** Kind and what it is about: one at a time. */
  readonly key: string;
  readonly kind: TroubleKind;
  readonly tenant: string;
  readonly severity: FactSeverity;
  /** Told anew where it is another one than before. */
  readonly level: string;
  readonly title: string;
  readonly lines: readonly string[];
}

export interface SeenConnection {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly paused: boolean;
  /** Ms; null where the token does not say. */
  readonly expiresAt: number | null;
  readonly fault: { readonly code: string; readonly kind: string; readonly message: string; readonly cure: string } | null;
  /** Streams that are to be read and may no longer be. */
  readonly forbidden: readonly string[];
  readonly mark: Mark;
}

export interface SeenDestination {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly parked: number;
  readonly fault: { readonly reason: string; readonly since: number } | null;
}

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
/** Days before a token's end at which people are told. */
const EXPIRY = [
  { days: 1, severity: "high" },
  { days: 7, severity: "medium" },
  { days: 14, severity: "low" },
  { days: 30, severity: "low" },
] as const satisfies readonly { readonly days: number; readonly severity: FactSeverity }[];
const PATIENCE_MS = 15 * MINUTE;

export function troublesOfConnection(connection: SeenConnection, now: number): readonly Trouble[] {
  const { id, name, tenant, paused, fault, forbidden, mark } = connection;
  const about = (kind: TroubleKind, severity: FactSeverity, title: string, lines: readonly string[], level = ""): Trouble => ({ key: `${kind}:${id}`, kind, tenant, severity, level, title: `${name}: ${title}`, lines });
  const narrowed = fault !== null && (fault.code === "S1_SCOPE_CHANGED" || fault.kind === "permission");
  const refused = fault !== null && fault.kind === "credential";
  return [
    ...expiring(connection, now).map(({ severity, level, title }) => about("token-expiring", severity, title, [`Make a new one and put it in: vedette connections rotate ${name}`], level)),
    ...(refused ? [about("token-rejected", "critical", "the console refuses the token", [fault.message, fault.cure])] : []),
    ...(narrowed || forbidden.length > 0
      ? [about("scope-narrowed", "high", "the token reaches less than before", [...(narrowed ? [fault.message, fault.cure] : []), ...(forbidden.length === 0 ? [] : [`No longer readable: ${forbidden.join(", ")}`, `See what it may read: vedette connections verify ${name}`])])]
      : []),
    ...(!paused && isSilent(mark) ? [about("silence", "high", "nothing arrives any more", [`The console answers, and has had nothing new for ${spanText(mark.quietMs)}; there, ${spanText((silenceAfter(mark) ?? 0) / 3)} is the longest there has been.`, "Look there whether agents still report, and whether the token's scope is what it was."])] : []),
    ...(!paused && mark.fell !== null ? [about("devices-fell", "high", `${String(mark.count ?? 0)} devices, where there were ${String(mark.fell.from)}`, ["Sites moved away, agents removed, or a token that sees less: look there which."])] : []),
  ];
}

function expiring({ expiresAt }: SeenConnection, now: number): readonly { readonly severity: FactSeverity; readonly level: string; readonly title: string }[] {
  if (expiresAt === null) return [];
  const left = expiresAt - now;
  if (left <= 0) return [{ severity: "critical", level: "0", title: "the token has expired" }];
  const reached = EXPIRY.find(({ days }) => left <= days * DAY);
  return reached === undefined ? [] : [{ severity: reached.severity, level: String(reached.days), title: reached.days === 1 ? "the token expires within a day" : `the token expires in ${String(Math.ceil(left / DAY))} days` }];
}

export function troublesOfDestination({ id, name, tenant, parked, fault }: SeenDestination, now: number): readonly Trouble[] {
  const about = (kind: TroubleKind, title: string, lines: readonly string[]): Trouble => ({ key: `${kind}:${id}`, kind, tenant, severity: "medium", level: "", title: `Destination ${name}: ${title}`, lines });
  return [
    ...(parked > 0 ? [about("destination-parked", parked === 1 ? "one delivery is parked" : `${String(parked)} deliveries are parked`, [`See why: vedette deliveries list --destination ${name} --state parked`])] : []),
    ...(fault !== null && now - fault.since >= PATIENCE_MS ? [about("destination-failing", "takes nothing", [fault.reason, `Try it: vedette destinations test ${name}`])] : []),
  ];
}

export function spanText(ms: number): string {
  if (ms >= 2 * DAY) return `${String(Math.round(ms / DAY))} days`;
  if (ms >= 2 * HOUR) return `${String(Math.round(ms / HOUR))} hours`;
  return `${String(Math.max(1, Math.round(ms / MINUTE)))} minutes`;
}
