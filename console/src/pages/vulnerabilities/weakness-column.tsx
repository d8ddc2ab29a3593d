/** The column of tables of weaknesses that leads to the finding. */
import { Link } from "@tanstack/react-router";
import type { Column } from "../../parts/data-table.tsx";

export function weaknessColumn<T extends { readonly cve: string }>(width: number, findingOf: (row: T) => string): Column<T> {
  return {
    id: "cve",
    header: "Weakness",
    width,
    narrow: true,
    text: ({ cve }) => cve,
    cell: (row) => (
      <Link className="strong" to="/vulnerabilities/$id" params={{ id: findingOf(row) }}>
        {row.cve}
      </Link>
    ),
  };
}
