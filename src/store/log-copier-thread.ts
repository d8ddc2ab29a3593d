/** The thread behind `log-copier.ts`: copies what is committed whenever it is told to, on a connection of its own. */
import Sqlite from "better-sqlite3";
import { parentPort, workerData } from "node:worker_threads";
import { SETTINGS } from "./sqlite-settings.ts";

const handle = new Sqlite(String(workerData), { fileMustExist: true });
// Pages are copied from file to file and never looked at again.
handle.pragma("cache_size = -64");
handle.pragma(`synchronous = ${SETTINGS.synchronous}`);

parentPort?.on("message", (word: "copy" | "close") => {
  if (word === "copy") {
    handle.pragma("wal_checkpoint(PASSIVE)");
    parentPort?.postMessage("copied");
    return;
  }
  handle.close();
  parentPort?.close();
});
