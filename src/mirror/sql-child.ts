/**
 * The child process of read-only SQL: one statement over one SQLite file, opened read-only, with an authorizer that allows reading the views and calling
 * harmless functions, and denies the rest. Rows leave as NDJSON no faster than they are read.
 */
import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { text } from "node:stream/consumers";
import { constants, DatabaseSync } from "node:sqlite";

interface Job {
  readonly file: string;
  readonly readable: Readonly<Record<string, readonly string[]>>;
  readonly views: readonly string[];
  readonly sql: string;
}

/** Not among them: whatever loads code, names files, or looks at SQLite's own state. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `-> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh count cume_dist current_date current_time current_timestamp date datetime
  degrees dense_rank exp first_value floor format glob group_concat hex if ifnull iif instr json json_array json_array_insert json_array_length json_error_position json_extract
  json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid julianday lag last_value lead
  length like likelihood likely ln log log10 log2 lower ltrim max median min mod nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow power
  printf quote radians rank replace round row_number rtrim sign sin sinh sqrt strftime string_agg substr substring sum tan tanh time timediff total trim trunc typeof unhex unicode
  unixepoch unlikely upper`.split(/\s+/),
);
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(["json_each", "json_tree"]);

function open(job: Job): DatabaseSync {
  const db = new DatabaseSync(job.file, { readOnly: true, allowExtension: false, timeout: 5000, limits: { length: 50_000_000, attach: 0, variableNumber: 0 } });
  if (typeof db.setAuthorizer !== "function") throw new Error("read-only SQL needs Node 24.10 or newer.");
  db.exec("PRAGMA trusted_schema = 0; PRAGMA query_only = 1; PRAGMA hard_heap_limit = 268435456; PRAGMA cache_size = -16384; PRAGMA temp_store = 2");
  const views = new Set(job.views);
  const readable = new Map(Object.entries(job.readable));
  const taken = takenNames(db);
  db.setAuthorizer((action, first, second, schema, through) => {
    if (action === constants.SQLITE_SELECT || action === constants.SQLITE_RECURSIVE) return constants.SQLITE_OK;
    if (action === constants.SQLITE_FUNCTION) return FUNCTIONS.has(String(second).toLowerCase()) ? constants.SQLITE_OK : constants.SQLITE_DENY;
    if (action !== constants.SQLITE_READ || first === null || (schema !== null && schema !== "main")) return constants.SQLITE_DENY;
    if (TABLE_FUNCTIONS.has(first) || views.has(first)) return constants.SQLITE_OK;
    // `count(*)` over a common table expression arrives as a read of no column of a table that does not exist.
    if (second === "" && schema === null && !isTaken(taken, first)) return constants.SQLITE_OK;
    // A table is read only through its own views. A common table expression that borrows a view's name gains nothing but that view's own table.
    return through !== null && readable.get(first)?.includes(through) === true ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
  return db;
}

/** Every name that stands for something in this database: tables, views, indexes, and the modules that are tables by themselves. */
function takenNames(db: DatabaseSync): ReadonlySet<string> {
  const names = db.prepare("SELECT name FROM sqlite_schema UNION SELECT name FROM pragma_module_list").all();
  return new Set(names.map((row) => String(row["name"]).toLowerCase()));
}

function isTaken(taken: ReadonlySet<string>, name: string): boolean {
  const lower = name.toLowerCase();
  return taken.has(lower) || lower.startsWith("sqlite_") || lower.startsWith("pragma_");
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value;
}

let batch = "";

async function write(line: object, flush = false): Promise<void> {
  batch += `${JSON.stringify(line)}\n`;
  if (!flush && batch.length < 65_536) return;
  const chunk = batch;
  batch = "";
  if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
}

async function run(job: Job): Promise<void> {
  const db = open(job);
  const statement = db.prepare(job.sql);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  await write({ columns: statement.columns().map((column) => column.name) }, true);
  for (const row of statement.iterate() as Iterable<unknown>) await write({ row: (row as readonly unknown[]).map(plain) });
  await write({ done: true }, true);
}

// For the next child: this one may be ended as soon as it has answered.
flushCompileCache();
try {
  await run(JSON.parse(await text(process.stdin)) as Job);
} catch (error) {
  await write({ error: error instanceof Error ? error.message : "unknown failure" }, true);
}
