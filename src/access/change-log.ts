/**
 * Writes what changed, one row per field, in the transaction that made it so. A reaction collects its changes and writes them at its end; what was so before anybody
 * looked (a first reading, a replay) is no change and is not written.
 */
import type { Tx } from "../store/store.ts";
import type { PrincipalFacts } from "./model.ts";
import { tables, type ChangeRow } from "./tables.ts";

export type NewChange = Omit<ChangeRow, "seq">;

export interface Labels {
  readonly principal?: string | null;
  readonly role?: string | null;
  readonly scope?: string | null;
}

/** What all changes of one reaction have in common. */
export interface Moment {
  readonly connection: string;
  readonly tenant: string;
  readonly at: number;
  readonly absentAt: number | null;
  /** True where what is met was so before: it is kept, and no change. */
  readonly quiet: boolean;
}

type Subject = { readonly subject: ChangeRow["subject"]; readonly change: ChangeRow["change"] } & Partial<Pick<ChangeRow, "principal_kind" | "principal_id" | "role_id" | "scope_kind" | "scope_id" | "field">>;

/** A few hundred rows of sixteen values stay below every engine's number of parameters. */
const CHUNK = 400;

export class ChangeLog {
  readonly #moment: Moment;
  readonly #rows: NewChange[] = [];

  constructor(moment: Moment) {
    this.#moment = moment;
  }

  add(subject: Subject, before: unknown, after: unknown, labels: Labels): void {
    const { connection, tenant, at, absentAt, quiet } = this.#moment;
    if (quiet) return;
    this.#rows.push({
      connection_id: connection,
      tenant_id: tenant,
      at,
      absent_at: absentAt,
      principal_kind: null,
      principal_id: null,
      role_id: null,
      scope_kind: null,
      scope_id: null,
      field: null,
      ...subject,
      before: before === undefined ? null : JSON.stringify(before),
      after: after === undefined ? null : JSON.stringify(after),
      labels: JSON.stringify(labels),
    });
  }

  async write(tx: Tx): Promise<void> {
    for (let from = 0; from < this.#rows.length; from += CHUNK) {
      await tables(tx.db)
        .insertInto("access_changes")
        .values(this.#rows.slice(from, from + CHUNK) as ChangeRow[])
        .execute();
    }
    this.#rows.length = 0;
  }
}

/** Moves with use, and says nothing about access. */
const OF_USE: ReadonlySet<string> = new Set(["lastUsed"]);

/** Fields that are others than before. A first sign-in is news once. */
export function changedFields(before: PrincipalFacts, after: PrincipalFacts): readonly (keyof PrincipalFacts)[] {
  return (Object.keys(after) as (keyof PrincipalFacts)[]).filter((field) => {
    if (OF_USE.has(field) || (field === "firstLogin" && before.firstLogin !== null)) return false;
    return JSON.stringify(before[field] ?? null) !== JSON.stringify(after[field] ?? null);
  });
}

export function nameOf(facts: Pick<PrincipalFacts, "email" | "name">, id: string): string {
  return facts.email ?? facts.name ?? id;
}
