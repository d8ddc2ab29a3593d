/** What must be true of the cases in a store's file, whatever was killed while they were made. Read from the file itself, past all of ours but the reach of a link. */
import Sqlite from "better-sqlite3";
import { expect } from "vitest";
import { reachOf } from "../../src/cases/links.ts";

type Rows = <T>(text: string) => readonly T[];

function looked(file: string, look: (all: Rows) => void): void {
  const store = new Sqlite(file, { readonly: true });
  try {
    look(<T>(text: string): readonly T[] => store.prepare<[], T>(text).all());
  } finally {
    store.close();
  }
}

/** No record is missing from its case or stands in two, no case is missing or there twice, and each is what its records make of it. */
export function expectCases(file: string): void {
  looked(file, (all) => {
    for (const stream of ["alerts", "threats"]) {
      const missing = all<{ id: string }>(`SELECT id FROM ${stream} WHERE (connection_id, id) NOT IN (SELECT connection_id, id FROM case_members WHERE stream = '${stream}' UNION ALL SELECT connection_id, id FROM case_twins WHERE stream = '${stream}')`);
      expect(missing, `${stream} in no case`).toEqual([]);
    }
    expect(all("SELECT m.id FROM case_members AS m LEFT JOIN cases AS c ON c.grp = m.grp AND c.tenant_id = m.tenant_id WHERE c.id IS NULL"), "members of no case").toEqual([]);
    expect(all("SELECT id FROM cases WHERE status <> 'merged' AND (grp IS NULL OR grp NOT IN (SELECT grp FROM case_members))"), "cases of nothing").toEqual([]);

    const links = all<{ seq: number; grp: number; at: number; links: string }>("SELECT m.seq, c.chain AS grp, m.at, m.links FROM case_members AS m JOIN cases AS c ON c.grp = m.grp").flatMap(({ seq, grp, at, links: keys }) => (JSON.parse(keys) as readonly string[]).map((key) => ({ seq, grp, at, key })));
    const apart = [...Map.groupBy(links, ({ key }) => key)].flatMap(([key, of]) => {
      const sorted = of.toSorted((left, right) => left.at - right.at);
      return sorted.slice(1).filter((link, place) => link.at - (sorted[place]?.at ?? 0) <= reachOf(key) && link.grp !== sorted[place]?.grp).map(({ seq }) => `${key} ${String(seq)}`);
    });
    expect(apart, "in different chains although linked").toEqual([]);
    const chains = new Set(links.map(({ grp }) => grp));
    expect(all("SELECT DISTINCT chain FROM cases WHERE grp IS NOT NULL")).toHaveLength(chains.size);
    expect(chains.size).toBeGreaterThan(10);
    expect(all("SELECT id FROM cases WHERE grp IS NOT NULL AND last_at - first_at >= 60 * 86400000"), "longer than a case may be").toEqual([]);

    const tallies = all<{ id: string; counted: number; held: number }>("SELECT c.id, c.tally ->> 'members' AS counted, count(*) AS held FROM cases AS c JOIN case_members AS m ON m.grp = c.grp GROUP BY c.id");
    expect(tallies.filter(({ counted, held }) => counted !== held), "counted wrong").toEqual([]);

    // What they are about: as often as their records say it.
    const said = all<{ grp: number; kind: string; value: string; n: number }>("SELECT m.grp, e.value ->> 0 AS kind, e.value ->> 1 AS value, count(*) AS n FROM case_members AS m, json_each(m.facts, '$.entities') AS e GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    expect(all("SELECT grp, kind, value, n FROM case_entities ORDER BY grp, kind, value"), "entities").toEqual(said);
    expect(said.length).toBeGreaterThan(10);
  });
}

/** Where a destination was there from the beginning: each that waits for somebody was told once. */
export function expectAllTold(file: string): void {
  looked(file, (all) => {
    // One that was resolved when it was first seen is told when it is opened again.
    const told = all<{ id: string; opened: number; reopened: number }>("SELECT c.id, (SELECT count(*) FROM outbox AS o WHERE o.kind = 'cases.opened' AND o.fact_key = c.id) AS opened, (SELECT count(*) FROM outbox AS o WHERE o.kind = 'cases.reopened' AND o.fact_key = c.id) AS reopened FROM cases AS c WHERE c.open = 1");
    expect(told.filter(({ opened: once, reopened }) => once > 1 || once + reopened === 0), "not told, or told twice").toEqual([]);
    expect(told.some(({ opened: once }) => once === 1)).toBe(true);
    expect(all("SELECT fact_key FROM outbox WHERE kind = 'cases.opened' AND fact_key NOT IN (SELECT id FROM cases)"), "told of what is not").toEqual([]);
  });
}
