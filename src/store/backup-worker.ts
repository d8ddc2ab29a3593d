/** The thread of `backup.ts`: one VACUUM INTO over a read-only connection. */
import { workerData } from "node:worker_threads";
import Sqlite from "better-sqlite3";
import { privateFile } from "./private-files.ts";

const { from, to } = workerData as { readonly from: string; readonly to: string };
// An empty file is allowed as a target, and made first it never has wider rights than 0600.
privateFile(to);
const source = new Sqlite(from, { readonly: true, fileMustExist: true });
try {
  source.prepare("VACUUM INTO ?").run(to);
} finally {
  source.close();
}
