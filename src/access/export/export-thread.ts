/** The thread of one export: takes the nouns in batches, answers each (so that the other side never runs ahead), and writes the file at the end. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { asFault, Fault } from "../../kernel/fault.ts";
import type { ExportOptions } from "./source.ts";
import { Spool, type Batch } from "./spool.ts";
import { writeExport } from "./write.ts";

export interface ThreadData {
  readonly folder: string;
  readonly options: ExportOptions;
}

export type ThreadReply = { readonly kind: "taken" } | { readonly kind: "written"; readonly file: string } | { readonly kind: "failed"; readonly fault: ReturnType<ReturnType<typeof asFault>["toJSON"]> };

const { folder, options } = workerData as ThreadData;
const spool = new Spool(join(folder, "spool.db"));

async function take(message: Batch | { readonly kind: "end" }): Promise<ThreadReply> {
  try {
    if (message.kind !== "end") {
      spool.add(message);
      return { kind: "taken" };
    }
    spool.complete();
    const file = await writeExport(spool, folder, options);
    spool.close();
    return { kind: "written", file };
  } catch (error) {
    return { kind: "failed", fault: (outOfRoom(error) ?? asFault(error)).toJSON() };
  }
}

function outOfRoom(error: unknown): Fault | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "SQLITE_FULL" && code !== "ENOSPC") return undefined;
  return new Fault("CONFIG_INVALID", "There is no room in the data folder to make the export.", { cause: error, cure: "Free space: an export needs about as much as the graph it holds while it is made." });
}

parentPort?.on("message", (message: Batch | { readonly kind: "end" }) => {
  void take(message).then((reply) => parentPort?.postMessage(reply));
});
