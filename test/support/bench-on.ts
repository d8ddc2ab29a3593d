/** One bench for a block of tests that holds on each of the stores. */
import { afterAll, beforeAll, beforeEach } from "vitest";
import { startPostgres, type PostgresServer } from "../contract/postgres-server.ts";

interface Bench {
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Opened before the block's first test and handed to it by `given`, emptied before each, closed after the last. Tests on PostgreSQL are skipped, and say so, where there is none. */
export function benchOn<Opened extends Bench>(kind: "sqlite" | "postgres", open: (postgres: PostgresServer | undefined) => Promise<Opened>, given: (bench: Opened) => void): void {
  let server: PostgresServer | undefined;
  let bench: Opened | undefined;
  beforeAll(async () => {
    if (kind === "postgres") server = await startPostgres();
    if (kind === "postgres" && server === undefined) return;
    bench = await open(server);
    given(bench);
  }, 120_000);
  afterAll(async () => {
    await bench?.close();
    await server?.stop();
  });
  beforeEach(async (context) => {
    if (bench === undefined) context.skip("SKIPPED: no PostgreSQL on this machine");
    await bench?.reset();
  });
}
