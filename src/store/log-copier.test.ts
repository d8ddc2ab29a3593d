/** The log is copied beside the writer, and whatever the thread does not do the engine does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LogCopier } from "./log-copier.ts";
import { openSqliteConnection, type SqliteConnection } from "./sqlite-connection.ts";

let folder: string;
let writer: SqliteConnection;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-log-"));
  file = join(folder, "vedette.sqlite");
  writer = openSqliteConnection(file, "writer");
  writer.handle.exec("CREATE TABLE t (a BLOB)");
});
afterEach(() => {
  writer.close();
  rmSync(folder, { recursive: true, force: true });
});

function commit(rows: number): void {
  for (let at = 0; at < rows; at += 1) writer.handle.exec("INSERT INTO t VALUES (randomblob(20000))");
}

async function copied(): Promise<void> {
  for (let tries = 0; writer.log().copied < writer.log().log; tries += 1) {
    if (tries > 400) throw new Error(`not copied: ${JSON.stringify(writer.log())}`);
    await wait(25);
  }
}

it("a log that has become long is copied while the writer goes on, and starts again from its beginning", async () => {
  const copier = new LogCopier(file, 20 * 16_384);
  commit(5);
  copier.committed(writer);
  expect(writer.log().copied, "a short log is left alone").toBe(0);
  commit(20);
  copier.committed(writer);
  await copied();
  const before = writer.log().log;
  commit(1);
  expect(writer.log().log).toBeLessThan(before);
  await copier.close();
  expect(writer.handle.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 26 });
});

it("a thread that cannot open the file does no harm, and nothing of what was committed is missed", async () => {
  const copier = new LogCopier(join(folder, "nowhere", "vedette.sqlite"), 1);
  commit(3);
  copier.committed(writer);
  await wait(50);
  commit(3);
  copier.committed(writer);
  await copier.close();
  await copier.close();
  expect(writer.handle.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 6 });
});

it("a log that cannot be looked at does not fail what was committed", async () => {
  const copier = new LogCopier(file, 1);
  const unreadable = {
    log: () => {
      throw new Error("disk I/O error");
    },
  };
  expect(() => copier.committed(unreadable)).not.toThrow();
  await copier.close();
});
