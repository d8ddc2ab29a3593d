/** A spool written in the format asked for, into a file of its own. Runs in the thread of an export; tests run it where they are. */
import { join } from "node:path";
import { writeC1z } from "./c1z.ts";
import { writeCsv } from "./csv.ts";
import { writeDot } from "./dot.ts";
import { writeJson } from "./json.ts";
import type { ExportOptions } from "./source.ts";
import type { Spool } from "./spool.ts";

/** The file, in `folder`, which is private, and is the caller's to remove with all that is in it. */
export async function writeExport(spool: Spool, folder: string, options: ExportOptions): Promise<string> {
  const file = join(folder, `export.${options.format}`);
  switch (options.format) {
    case "csv":
      writeCsv(spool, file, options.coverage);
      break;
    case "json":
      writeJson(spool, file, options.coverage);
      break;
    case "dot":
      writeDot(spool, file, options);
      break;
    case "c1z":
      await writeC1z(spool, folder, file, options);
  }
  return file;
}
