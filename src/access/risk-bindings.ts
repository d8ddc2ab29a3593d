/** Administrators of an account or of everything, one finding for each role held so: a review decides about the one, not about the person. */
import { sql } from "kysely";
import { textList } from "../store/conditions.ts";
import { isoTime } from "../kernel/clock.ts";
import { foldAddress } from "./addresses.ts";
import { raised, RISKS, type FoundRisk, type RiskKind } from "./risk-model.ts";
import { factSql, type Estate } from "./risk-estate.ts";
import { PAGE, type SubjectFindings } from "./risk-principals.ts";

interface Row {
  readonly principal_kind: string;
  readonly principal_id: string;
  readonly role_id: string;
  readonly scope_kind: string;
  readonly scope_id: string;
  readonly seen_at: number;
  readonly absent_at: number | null;
  readonly doubted_at: number | null;
  readonly scope_name: string | null;
  readonly name: string | null;
  readonly email: string | null;
}

const KEY = ["principal_kind", "principal_id", "role_id", "scope_kind", "scope_id"] as const;

export async function* bindingRisks(estate: Estate, wanted: ReadonlySet<RiskKind>, from: readonly string[] | null): AsyncGenerator<readonly SubjectFindings[]> {
  if (!wanted.has("admin-wide") || estate.admins.size === 0) return;
  const { kind } = estate;
  const key = sql.join(KEY.map((name) => sql.ref(`b.${name}`)));
  for (let after = from; ; ) {
    const behind = after === null ? sql`1 = 1` : sql`(${key}) > (${sql.join([...after])})`;
    const one = estate.principal === null ? sql`1 = 1` : sql`(p.id = ${estate.principal} OR p.email_key = ${foldAddress(estate.principal)})`;
    const { rows } = await sql<Row>`
      SELECT b.principal_kind, b.principal_id, b.role_id, b.scope_kind, b.scope_id, b.seen_at, b.absent_at, b.doubted_at, s.name AS scope_name,
        ${factSql(kind, "name", "p")} AS name, ${factSql(kind, "email", "p")} AS email
      FROM access_bindings b
      LEFT JOIN access_scopes s ON s.connection_id = b.connection_id AND s.kind = b.scope_kind AND s.id = b.scope_id
      LEFT JOIN access_principals p ON p.connection_id = b.connection_id AND p.kind = b.principal_kind AND p.id = b.principal_id
      WHERE b.connection_id = ${estate.connection} AND b.tenant_id = ${estate.tenant} AND b.scope_kind IN ('global', 'account') AND b.role_id IN ${textList(kind, [...estate.admins.keys()])}
        AND ${one} AND ${behind}
      ORDER BY ${key} LIMIT ${PAGE}`.execute(estate.db);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({ key: KEY.map((name) => row[name]), found: [judge(estate, row)] }));
    if (rows.length < PAGE) return;
    after = KEY.map((name) => last[name]);
  }
}

function judge({ admins }: Estate, row: Row): FoundRisk {
  const role = admins.get(row.role_id);
  return {
    risk: "admin-wide",
    severity: raised(RISKS["admin-wide"].severity, row.scope_kind === "global" ? 1 : 0),
    confidence: "high",
    principal: { kind: row.principal_kind, id: row.principal_id, name: row.name, email: row.email },
    role: { id: row.role_id, name: role?.name ?? null },
    scope: { kind: row.scope_kind, id: row.scope_id, name: row.scope_name },
    evidence: {
      administratorBy: role?.by ?? "name",
      permissionShare: role === undefined ? 1 : Math.round(role.share * 1000) / 1000,
      seenAt: isoTime(Number(row.seen_at)),
      absentAt: row.absent_at === null ? null : isoTime(Number(row.absent_at)),
      doubted: row.doubted_at !== null,
    },
    since: row.absent_at === null ? null : isoTime(Number(row.seen_at)),
    about: KEY.map((name) => row[name]),
  };
}
