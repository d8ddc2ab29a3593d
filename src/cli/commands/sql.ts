/** `sql`: read-only SQL over the mirror's views, as a table, JSON or CSV; rows are printed as they arrive, whatever their number. */
import type { Command } from "commander";
import { Fault } from "../../kernel/fault.ts";
import { finish, milliseconds, type CliCommand, type CliContext } from "../command.ts";
import { csvRow } from "../../kernel/csv.ts";
import { EXIT_OK } from "../faults.ts";
import { ndjson } from "../lines.ts";
import type { ApiClient } from "../ports.ts";
import { readSql } from "../sql-text.ts";
import { readResult, type ResultEvent } from "../sql-result.ts";
import { RowTable } from "../row-table.ts";
import { safeJson } from "../terminal.ts";

interface SqlOptions {
  readonly json?: true;
  readonly csv?: true;
  readonly timeout?: number;
}

export const sqlCommand: CliCommand = {
  id: "sql",
  register(program: Command, context: CliContext) {
    const command = program
      .command("sql [query]")
      .description("Read-only SQL over the mirror (`vedette streams list` names the views); the query may come from standard input")
      .option("--csv", "print CSV; cells that a spreadsheet would run as a formula get a leading apostrophe")
      .option("--timeout <duration>", "give up after this long, like 30s or 5m", milliseconds)
      .action(context.ask((api, query: string | undefined, options: SqlOptions) => sql(context, api, query, options)));
    finish(command, ['vedette sql "select os_type, count(*) from agents group by 1 order by 2 desc"', 'vedette sql --csv "select id, computer_name, last_active_date from agents" > agents.csv'], "print one JSON array of objects, streamed");
  },
};

async function sql(context: CliContext, api: ApiClient, query: string | undefined, options: SqlOptions): Promise<number> {
  if (options.json === true && options.csv === true) throw new Fault("CONFIG_INVALID", "--json and --csv exclude each other.", { cure: "Choose one." });
  const text = await readSql(context.ports.io, query);
  const stop = new AbortController();
  const unlisten = context.ports.io.onSignal(() => {
    stop.abort();
  });
  try {
    const body = { sql: text, ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }) };
    const events = readResult(ndjson(api.stream("POST", "/api/v1/sql", { body, signal: stop.signal })));
    if (options.json === true) await printJson(context, events);
    else if (options.csv === true) await printCsv(context, events);
    else await printTable(context, events);
    return EXIT_OK;
  } catch (error) {
    if (stop.signal.aborted) throw new Fault("CANCELLED", "The query was stopped.", { cause: error, cure: "Run it again." });
    throw error;
  } finally {
    unlisten();
    stop.abort();
  }
}

/** An answer that broke off leaves the array open, so that no parser takes a part for the whole. */
async function printJson(context: CliContext, events: AsyncIterable<ResultEvent>): Promise<void> {
  let names: readonly string[] = [];
  let separator = "[\n";
  for await (const event of events) {
    if (context.out.closed) return;
    if (event.kind === "columns") {
      names = distinct(event.columns);
      continue;
    }
    const object = Object.fromEntries(names.map((name, index) => [name, event.row[index] ?? null]));
    await context.out.write(`${separator}${safeJson(object)}`);
    separator = ",\n";
  }
  await context.out.write(separator === "[\n" ? "[]\n" : "\n]\n");
}

async function printCsv(context: CliContext, events: AsyncIterable<ResultEvent>): Promise<void> {
  for await (const event of events) {
    if (context.out.closed) return;
    await context.out.write(csvRow(event.kind === "columns" ? event.columns : event.row));
  }
}

async function printTable(context: CliContext, events: AsyncIterable<ResultEvent>): Promise<void> {
  const table = new RowTable(context.out, context.ports.io.columns);
  for await (const event of events) {
    if (context.out.closed) return;
    if (event.kind === "columns") table.columns(event.columns);
    else await table.row(event.row);
  }
  await table.end();
}

/** `select id, id` has two columns of one name: the second becomes `id_2`, so that neither is lost. */
export function distinct(columns: readonly string[]): readonly string[] {
  const used = new Set<string>();
  return columns.map((column) => {
    let name = column;
    for (let number = 2; used.has(name); number += 1) name = `${column}_${String(number)}`;
    used.add(name);
    return name;
  });
}
