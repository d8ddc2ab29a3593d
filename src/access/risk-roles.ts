/** Custom roles that may nearly all that the console's own administrator may; those nobody holds too, because tomorrow somebody does. */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import { isoTime } from "../kernel/clock.ts";
import { raised, RISKS, type RiskKind } from "./risk-model.ts";
import { compare, type Estate } from "./risk-estate.ts";
import { PAGE, type SubjectFindings } from "./risk-principals.ts";

/** Of the permissions it lacks, so many are named. */
const NAMED = 20;

export async function* roleRisks(estate: Estate, wanted: ReadonlySet<RiskKind>, from: readonly string[] | null): AsyncGenerator<readonly SubjectFindings[]> {
  if (!wanted.has("near-admin") || estate.principal !== null) return;
  const near = [...estate.admins].filter(([, { by, tenant }]) => by === "near" && tenant === estate.tenant).map(([id]) => id).toSorted(compare).filter((id) => from === null || id > (from[0] ?? ""));
  for (let start = 0; start < near.length; start += PAGE) {
    const page = near.slice(start, start + PAGE);
    const holdings = await holdingsOf(estate, page);
    const found: SubjectFindings[] = [];
    for (const id of page) found.push(await judge(estate, id, holdings.get(id) ?? NOBODY));
    yield found;
  }
}

interface Holdings {
  readonly holders: number;
  /** On accounts, or on everything. */
  readonly wide: number;
}

const NOBODY: Holdings = { holders: 0, wide: 0 };

/** All roles in one go through the bindings, which are in no order by role. */
async function holdingsOf({ db, kind, connection }: Estate, roles: readonly string[]): Promise<ReadonlyMap<string, Holdings>> {
  const { rows } = await sql<Holdings & { readonly role_id: string }>`
    SELECT role_id, count(*) AS holders, sum(CASE WHEN scope_kind IN ('global', 'account') THEN 1 ELSE 0 END) AS wide FROM access_bindings
    WHERE connection_id = ${connection} AND role_id IN ${textList(kind, roles)} GROUP BY role_id`.execute(db);
  return new Map(rows.map((row) => [row.role_id, { holders: Number(row.holders), wide: Number(row.wide) }]));
}

async function judge({ db, kind, connection, admins, adminPermissions, adminReference }: Estate, id: string, { holders, wide }: Holdings): Promise<SubjectFindings> {
  const role = admins.get(id);
  const lacking = await sql<{ permission: string }>`
    SELECT DISTINCT permission FROM access_role_permissions WHERE connection_id = ${connection} AND role_id IN ${textList(kind, adminReference)}
      AND permission NOT IN (SELECT permission FROM access_role_permissions WHERE connection_id = ${connection} AND role_id = ${id}) ORDER BY permission LIMIT ${NAMED}`.execute(db);
  const own = await sql<{ scope_kind: string | null; scope_id: string | null; name: string | null }>`
    SELECT r.scope_kind, r.scope_id, s.name FROM access_roles r LEFT JOIN access_scopes s ON s.connection_id = r.connection_id AND s.kind = r.scope_kind AND s.id = r.scope_id
    WHERE r.connection_id = ${connection} AND r.id = ${id}`.execute(db);
  const changed = await sql<{ at: number | null }>`
    SELECT max(at) AS at FROM access_changes WHERE connection_id = ${connection} AND subject = 'role' AND role_id = ${id} AND (change = 'added' OR field = 'permissions')`.execute(db);
  const at = changed.rows[0]?.at ?? null;
  const scope = own.rows[0];
  return {
    key: [id],
    found: [
      {
        risk: "near-admin",
        severity: raised(RISKS["near-admin"].severity, holders === 0 ? -1 : wide > 0 ? 1 : 0),
        confidence: "high",
        principal: null,
        role: { id, name: role?.name ?? null },
        scope: scope === undefined || scope.scope_kind === null || scope.scope_id === null ? null : { kind: scope.scope_kind, id: scope.scope_id, name: scope.name },
        evidence: { share: Math.round((role?.share ?? 0) * 1000) / 1000, permissionsOfAdmin: adminPermissions, lacks: lacking.rows.map((row) => row.permission), roleHoldings: holders, onAccountsOrEverything: wide },
        since: at === null ? null : isoTime(Number(at)),
        about: [id],
      },
    ],
  };
}
