/** Rules whose last run failed, for whoever looks at the status. */
import type { FaultReport } from "../../kernel/fault.ts";
import type { TenantScope } from "../../kernel/scope.ts";
import { withinScope } from "../../store/conditions.ts";
import type { Store } from "../../store/store.ts";
import { ingestTables } from "./tables.ts";

export interface FailingRule {
  readonly connector: string;
  readonly rule: string;
  readonly code: string;
}

export async function failingRules({ read }: Pick<Store, "read">, scope: TenantScope): Promise<readonly FailingRule[]> {
  const rows = await ingestTables(read)
    .selectFrom("vuln_rules as r")
    .innerJoin("vuln_connectors as c", "c.id", "r.connector_id")
    .select(["r.name as rule", "c.name as connector", "r.fault"])
    .where("r.fault", "is not", null)
    .where(withinScope(scope, "r.tenant_id"))
    .orderBy("r.id")
    .execute();
  return rows.map(({ rule, connector, fault }) => ({ rule, connector, code: (JSON.parse(fault ?? "{}") as FaultReport).code }));
}
