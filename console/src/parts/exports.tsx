/** What is shown as a file: every row that the filters leave, in the order of the table, with its columns. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import { csvHead, csvLines, csvOf, download, save } from "./csv.ts";
import { wholeFile, type Whole } from "./whole.ts";
import { count } from "./words.tsx";

interface Column<T> {
  readonly header: string;
  readonly text: (row: T) => string;
}

interface ExportsProps<T> {
  readonly name: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly more: boolean;
  readonly rowKey: (row: T) => string;
  readonly wholeExport: string | undefined;
  readonly walk: Whole<T>["walk"] | undefined;
  readonly columnsFor: ((rows: readonly T[], signal: AbortSignal) => Promise<readonly Column<T>[]>) | undefined;
}

export function Exports<T>({ name, columns, rows, more, rowKey, wholeExport, walk, columnsFor }: ExportsProps<T>): ReactNode {
  const file = `${name.replaceAll(" ", "-")}.csv`;
  const said = columns.filter(toldInFile);
  if (wholeExport !== undefined)
    return (
      <span className="table-exports">
        <a className="link" href={wholeExport} download>
          Export all
        </a>
      </span>
    );
  if (more && walk !== undefined) return <WholeExport file={file} whole={{ walk, rowKey, head: csvHead(said), linesOf: async (page, signal) => csvLines((await columnsFor?.(page, signal))?.filter(toldInFile) ?? said, page) }} />;
  return (
    <span className="table-exports">
      <button type="button" className="link" onClick={() => download(file, csvOf(said, rows))}>
        Export as CSV
      </button>
    </span>
  );
}

/** A column without a name holds what can be done. */
function toldInFile({ header }: { readonly header: string }): boolean {
  return header !== "";
}

type Step = { readonly is: "idle" } | { readonly is: "under-way"; readonly rows: number } | { readonly is: "failed"; readonly because: string };

function WholeExport<T>({ file, whole }: { readonly file: string; readonly whole: Whole<T> }): ReactNode {
  const [step, setStep] = useState<Step>({ is: "idle" });
  const under = useRef<AbortController>(null);
  // Whoever leaves the page wants no file of it.
  useEffect(() => () => under.current?.abort(), []);
  const start = (): void => {
    const controller = new AbortController();
    under.current = controller;
    setStep({ is: "under-way", rows: 0 });
    wholeFile(whole, "text/csv;charset=utf-8", controller.signal, (rows) => {
      if (!controller.signal.aborted) setStep({ is: "under-way", rows });
    }).then(
      (made) => {
        save(file, made);
        setStep({ is: "idle" });
      },
      (error: unknown) => setStep(controller.signal.aborted ? { is: "idle" } : { is: "failed", because: error instanceof Error ? error.message : String(error) }),
    );
  };
  return (
    <span className="table-exports">
      {step.is === "failed" ? (
        <span className="bad-text" role="alert">
          Not exported: {step.because}
        </span>
      ) : null}
      {step.is === "under-way" ? (
        <>
          <span role="status">Exporting, {count(step.rows)} so far…</span>
          <button type="button" className="link" onClick={() => under.current?.abort()}>
            Cancel
          </button>
        </>
      ) : (
        <button type="button" className="link" onClick={start}>
          Export all
        </button>
      )}
    </span>
  );
}
