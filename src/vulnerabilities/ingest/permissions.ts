/** What ingesting wants of a token, permission by permission, and what is lost without each. Pure. */
import type { VerifyReport } from "../../kernel/api.ts";
import type { StreamId } from "../../kernel/stream-ids.ts";
import type { IngestMode } from "./match.ts";
import type { Rule } from "./rules.ts";

export interface WantedPermission {
  readonly permission: string;
  /** As the console's role editor calls it. */
  readonly words: string;
  readonly stream: StreamId;
  readonly without: string;
}

export const WANTED: readonly WantedPermission[] = [
  { permission: "Endpoints.view", words: "Endpoints: View", stream: "agents", without: "no devices: neither mode works, and rules for places, tags, systems or machine types cover nothing" },
  { permission: "Applications Page.viewRisks", words: "Applications: View risks", stream: "risks", without: "no findings: asset mode works, scan mode brings devices alone" },
  { permission: "Applications Page.view", words: "Applications: View", stream: "applications", without: "no software inventory, and a closed finding does not name the version that came after" },
  { permission: "Sites.view", words: "Sites: View", stream: "sites", without: "sites are known by what devices say of them; those without a device cannot be named in a rule" },
  { permission: "Groups.view", words: "Groups: View", stream: "groups", without: "groups are known by what devices say of them; those without a device cannot be named in a rule" },
];

export interface CheckedPermission extends WantedPermission {
  /** Null: could not be found out. */
  readonly granted: boolean | null;
  readonly message: string;
}

export function permissionsOf(report: Pick<VerifyReport, "streams" | "lines">): readonly CheckedPermission[] {
  return WANTED.map((wanted) => {
    const found = report.streams.find(({ stream }) => stream === wanted.stream);
    if (found === undefined) return { ...wanted, granted: null, message: report.lines.findLast(({ outcome }) => outcome === "failed")?.message ?? "It could not be asked for." };
    return { ...wanted, granted: found.readable ? true : found.missingPermission === null ? null : false, message: found.message };
  });
}

export function usableModes(permissions: readonly CheckedPermission[]): { readonly scan: boolean; readonly assets: boolean } {
  const granted = (stream: StreamId): boolean => permissions.some((one) => one.stream === stream && one.granted === true);
  return { scan: granted("agents") && granted("risks"), assets: granted("agents") };
}

/** Rules that want more than the token may read. */
export function troublesOf(rules: readonly Pick<Rule, "name" | "mode">[], permissions: readonly CheckedPermission[]): readonly string[] {
  const needs: Readonly<Record<IngestMode, readonly StreamId[]>> = { scan: ["agents", "risks"], assets: ["agents"] };
  return rules.flatMap(({ name, mode }) =>
    permissions.filter((one) => one.granted === false && needs[mode].includes(one.stream)).map((one) => `${name} (${mode} mode) wants ${one.words} (${one.permission}), which the token lacks: ${one.without}.`),
  );
}
