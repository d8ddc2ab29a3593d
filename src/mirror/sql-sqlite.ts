/** The parent's half of read-only SQL on SQLite: starts the child, gives it the statement, reads rows line by line, ends it in time. */
import { spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Fault } from "../kernel/fault.ts";
import { DEFAULT_SQL_TIMEOUT_MS, type SqlAnswer, sqlFault, type SqlOptions } from "./sql-answer.ts";

export interface SqliteTarget {
  readonly file: string;
  /** Table → the views it may be read through. */
  readonly readable: Readonly<Record<string, readonly string[]>>;
  readonly views: readonly string[];
}

type Line = { readonly columns: readonly string[] } | { readonly row: readonly unknown[] } | { readonly error: string } | { readonly done: true };

export async function querySqlite(target: SqliteTarget, sql: string, options: SqlOptions): Promise<SqlAnswer> {
  options.signal?.throwIfAborted();
  const timeoutMs = options.timeoutMs ?? DEFAULT_SQL_TIMEOUT_MS;
  const child = startChild();
  let stopped: "timeout" | "abort" | undefined;
  const stop = (why: "timeout" | "abort") => {
    stopped ??= why;
    child.kill("SIGKILL");
  };
  const timer = setTimeout(() => stop("timeout"), timeoutMs);
  const onAbort = () => stop("abort");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const exited = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });

  async function end(): Promise<void> {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
    await exited;
  }

  function stopFault(): Fault {
    if (stopped === "timeout") return sqlFault(`the query took longer than ${String(timeoutMs)} ms and was ended.`, target.views);
    if (stopped === "abort") return new Fault("CANCELLED", "The query was ended on request.");
    return sqlFault("the query ended before its answer was complete; it may have needed too much memory.", target.views);
  }

  // A child that ends before it has read everything answers through its exit, not through a broken pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify({ ...target, sql }));
  const lines = linesOf(child.stdout);

  async function next(): Promise<Line> {
    const line = await lines.next();
    if (line.done === true) throw stopFault();
    const parsed = readLine(line.value);
    // The child was ended in the middle of a line.
    if (parsed === null) throw stopFault();
    if ("error" in parsed) throw sqlFault(parsed.error, target.views);
    return parsed;
  }

  async function* rows(): AsyncGenerator<readonly unknown[]> {
    try {
      for (let line = await next(); !("done" in line); line = await next()) {
        if ("row" in line) yield line.row;
      }
    } finally {
      await end();
    }
  }

  try {
    const first = await next();
    if (!("columns" in first)) throw stopFault();
    return { columns: first.columns, rows: rows() };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Null for a piece of a line. */
export function readLine(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function startChild() {
  // Named by this file's own extension: .ts when run from source, .js when built.
  const script = new URL(`sql-child${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
  const { SystemRoot } = process.env;
  const compiled = getCompileCacheDir();
  return spawn(process.execPath, ["--no-warnings", "--max-old-space-size=128", fileURLToPath(script)], {
    stdio: ["pipe", "pipe", "ignore"],
    // Nothing of ours in its environment, no token, no database address; only where it finds itself compiled.
    env: { ...(SystemRoot === undefined ? {} : { SystemRoot }), ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }) },
    windowsHide: true,
  });
}

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    yield* reader;
  } finally {
    reader.close();
  }
}
