/** A list of the hub that is searched by part of a name: the field and other filters above it, the table below, and a way back to all of it. */
import { Button, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Pages } from "../api/queries.ts";
import { DataTable, type Column } from "./data-table.tsx";
import { Empty } from "./states.tsx";
import { useFilters, useTyped } from "./url.ts";

interface SearchedTableProps<T> {
  /** Of several: `users`. */
  readonly name: string;
  readonly placeholder: string;
  readonly columns: readonly Column<T>[];
  readonly pages: Pages<T>;
  readonly rowKey: (row: T) => string;
  /** Other filters, as they stand in the address. */
  readonly params?: readonly string[];
  readonly filters?: ReactNode;
  /** What stands there where there is none at all. */
  readonly empty: ReactNode;
  /** Between the filters and the table. */
  readonly note?: ReactNode;
  /** Where everything can be had as a file. */
  readonly wholeExport?: string;
  readonly columnsFor?: (rows: readonly T[], signal: AbortSignal) => Promise<readonly Column<T>[]>;
}

export function SearchedTable<T>({ name, placeholder, columns, pages, rowKey, params = [], filters, empty, note, wholeExport, columnsFor }: SearchedTableProps<T>): ReactNode {
  const [typed, setTyped] = useTyped("text");
  const { filtered, clear: clearFilters } = useFilters(["text", ...params]);
  const clear = (): void => {
    setTyped("");
    clearFilters();
  };
  return (
    <>
      <div className="filters">
        <TextInput className="filter-search" aria-label={`Search ${name}`} placeholder={placeholder} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {filters}
      </div>
      {note}
      <div className="card">
        <DataTable
          name={name}
          columns={columns}
          {...pages}
          rowKey={rowKey}
          {...(wholeExport === undefined ? {} : { wholeExport })}
          {...(columnsFor === undefined ? {} : { columnsFor })}
          empty={
            filtered ? (
              <Empty
                title={`None of the ${name} matches.`}
                action={
                  <Button variant="default" onClick={clear}>
                    Show all {name}
                  </Button>
                }
              />
            ) : (
              empty
            )
          }
        />
      </div>
    </>
  );
}
