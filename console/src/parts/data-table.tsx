/** A dense table of however many rows: only those in view are in the page, the next ones are asked for as somebody scrolls to them. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type CSSProperties, type ReactNode } from "react";
import { Exports } from "./exports.tsx";
import { Failed, Loading } from "./states.tsx";
import { count } from "./words.tsx";

const ROW_PX = 36;
const FLEXIBLE_PX = 140;

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  /** What a file says, and a cell where nothing else is given. */
  readonly text: (row: T) => string;
  readonly cell?: (row: T) => ReactNode;
  /** Pixels; without it the column takes what is left. */
  readonly width?: number;
  readonly right?: boolean;
  /** Still there on a phone. */
  readonly narrow?: boolean;
  /** By what name the hub sorts by it. */
  readonly sort?: string;
}

/** How the rows are sorted: a name, with `-` downwards. */
export interface Sorting {
  readonly by: string;
  readonly set: (by: string) => void;
}

interface DataTableProps<T> {
  /** What the table holds, for those who cannot see it, and the name of the file. */
  readonly name: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly empty: ReactNode;
  readonly pending?: boolean;
  readonly fault?: Error | null;
  readonly again?: () => void;
  readonly more?: boolean;
  readonly loadingMore?: boolean;
  readonly loadMore?: () => void;
  /** Where the hub gives everything as a file; otherwise one is made of all pages. */
  readonly wholeExport?: string;
  readonly walk?: (signal: AbortSignal) => AsyncGenerator<readonly T[]>;
  /** What columns say of rows that are not loaded, where that is asked for besides. */
  readonly columnsFor?: (rows: readonly T[], signal: AbortSignal) => Promise<readonly Column<T>[]>;
  /** As high as its rows instead of as high as the window. */
  readonly short?: boolean;
  readonly sorting?: Sorting;
  /** How many there are beyond those loaded, where the hub says so. */
  readonly total?: { readonly count: number; readonly is: "exact" | "at-least" } | null;
}

export function DataTable<T>(props: DataTableProps<T>): ReactNode {
  const { name, columns, rows, rowKey, empty, pending = false, fault = null, again, more = false, loadingMore = false, loadMore, wholeExport, walk, columnsFor, short = false, sorting, total = null } = props;
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({ count: rows.length, getScrollElement: () => frame.current, estimateSize: () => ROW_PX, overscan: 12 });
  const shown = virtualizer.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && !loadingMore && fault === null && last >= rows.length - 20) loadMore?.();
  }, [last, rows.length, more, loadingMore, fault, loadMore]);
  if (pending) return <Loading what={`Loading ${name}`} />;
  if (fault !== null && rows.length === 0) return <Failed fault={fault} {...(again === undefined ? {} : { again })} />;
  // Each answer looks at only so much: where it found nothing yet, the next is asked for, and nothing is said before.
  if (rows.length === 0 && more && fault === null) return <Loading what={`Looking further for ${name}`} />;
  if (rows.length === 0) return empty;
  const before = shown[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <div className="table-box">
      {/* Reachable by keyboard, so that it can be scrolled without a mouse. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={short ? "table-frame table-short" : "table-frame"} ref={frame} tabIndex={0} role="region" aria-label={`Table of ${name}`}>
        <table aria-rowcount={more ? -1 : rows.length} style={{ "--table-width": `${String(widthOf(columns))}px`, "--table-narrow": `${String(widthOf(columns.filter(({ narrow }) => narrow === true)))}px` } as CSSProperties}>
          <colgroup>
            {columns.map((column) => (
              <col key={column.id} className={column.narrow === true ? undefined : "wide"} {...(column.width === undefined ? {} : { style: { width: column.width } })} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.id} scope="col" className={classOf(column)} aria-sort={directionOf(column, sorting)}>
                  {column.sort === undefined || sorting === undefined ? column.header : <SortButton column={column} sorting={sorting} />}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {before > 0 ? <tr aria-hidden="true" style={{ height: before }} /> : null}
            {shown.map(({ index }) => {
              const row = rows[index];
              return row === undefined ? null : (
                <tr key={rowKey(row)} aria-rowindex={index + 1}>
                  {columns.map((column) => (
                    <td key={column.id} className={classOf(column)} title={column.text(row)}>
                      {column.cell?.(row) ?? column.text(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
            {after > 0 ? <tr aria-hidden="true" style={{ height: after }} /> : null}
          </tbody>
        </table>
      </div>
      <footer className="table-foot">
        <span>
          {total === null ? `${count(rows.length)}${more ? "+" : ""}` : more ? `${count(rows.length)} of ${count(total.count)}${total.is === "exact" ? "" : "+"}` : count(rows.length)} {rows.length === 1 ? name.replace(/ies$/u, "y").replace(/s$/u, "") : name}
          {loadingMore ? " · loading more…" : ""}
        </span>
        {fault === null ? null : <span className="bad-text">{fault.message}</span>}
        <Exports name={name} columns={columns} rows={rows} more={more} rowKey={rowKey} wholeExport={wholeExport} walk={walk} columnsFor={columnsFor} />
      </footer>
    </div>
  );
}

function directionOf<T>({ sort }: Column<T>, sorting: Sorting | undefined): "ascending" | "descending" | undefined {
  if (sort === undefined || sorting === undefined) return undefined;
  return sorting.by === sort ? "ascending" : sorting.by === `-${sort}` ? "descending" : undefined;
}

function SortButton<T>({ column, sorting }: { readonly column: Column<T>; readonly sorting: Sorting }): ReactNode {
  const direction = directionOf(column, sorting);
  return (
    <button type="button" className="sort" onClick={() => sorting.set(direction === "ascending" ? `-${column.sort ?? ""}` : (column.sort ?? ""))}>
      {column.header}
      <span aria-hidden="true">{direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}</span>
    </button>
  );
}

/** Under this width columns would hide each other; the table is scrolled sideways instead. */
function widthOf<T>(columns: readonly Column<T>[]): number {
  return columns.reduce((sum, { width }) => sum + (width ?? FLEXIBLE_PX), 0);
}

function classOf<T>(column: Column<T>): string {
  return [column.right === true ? "right" : "", column.narrow === true ? "" : "wide"].filter((name) => name !== "").join(" ");
}
