import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TenantId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { Secret } from "../kernel/secret.ts";
import { migrate } from "../store/migrate.ts";
import type { Store } from "../store/store.ts";
import { newKey, readKeyFile, replaceKeyFile } from "./key-file.ts";
import { connectionMigrations, tables, type SecretRow } from "./tables.ts";
import { openBench, ORIGIN, type Bench } from "./test-bench.ts";
import { openVault, type SecretOwner } from "./vault.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const signal = new AbortController().signal;

async function connect(token: string, name: string): Promise<SecretOwner> {
  const { connection } = await bench.connections.add(EVERY_TENANT, { url: ORIGIN, token: new Secret(token), name }, signal, bench.record);
  return { tenant: connection.tenant as TenantId, id: connection.id, purpose: "console-token" };
}

function place() {
  return { file: join(bench.folder, "keys", "keyring.json"), dataFolder: join(bench.folder, "data") };
}

async function rows(): Promise<SecretRow[]> {
  return tables(bench.store.read).selectFrom("secrets").selectAll().orderBy("id").execute();
}

async function put(row: SecretRow): Promise<void> {
  await bench.store.tx(async (tx) => {
    await tables(tx.db).updateTable("secrets").set(row).where("id", "=", row.id).execute();
  });
}

describe("sealed tokens", () => {
  it("open for their own connection, and stand nowhere in the store's files in clear", async () => {
    const owner = await connect("token-of-the-test-0123456789", "a");

    expect((await bench.vault.open(bench.store.read, owner)).reveal()).toBe("token-of-the-test-0123456789");
    for (const name of ["vedette.sqlite", "vedette.sqlite-wal"]) expect(readFileSync(join(bench.folder, "data", name)).includes("token-of-the-test")).toBe(false);
  });

  it("fail closed when moved, altered in any bit, relabelled or put back in an older version", async () => {
    const first = await connect("token-one", "a");
    const second = await connect("token-two", "b");
    const [one, two] = (await rows()) as [SecretRow, SecretRow];
    const owners = new Map([[first.id, first], [second.id, second]]);
    const owner = owners.get(one.owner_id) ?? first;
    const flip = (text: string, at: number): string => {
      const bytes = Buffer.from(text, "base64");
      const place = at % (bytes.length * 8);
      bytes[place >> 3] = (bytes[place >> 3] ?? 0) ^ (1 << (place & 7));
      return bytes.toString("base64");
    };
    const tampering = fc.oneof(
      fc.nat().map((at): SecretRow => ({ ...one, sealed: flip(one.sealed, at) })),
      fc.nat().map((at): SecretRow => ({ ...one, nonce: flip(one.nonce, at) })),
      fc.integer({ min: 1, max: 1000 }).map((by): SecretRow => ({ ...one, version: one.version + by })),
      fc.constant({ ...one, sealed: two.sealed, nonce: two.nonce, version: two.version }),
      fc.nat({ max: one.sealed.length - 1 }).map((length): SecretRow => ({ ...one, sealed: one.sealed.slice(0, length) })),
      fc.string().map((text): SecretRow => ({ ...one, sealed: `${one.sealed}${text === "" ? "A" : text}` })),
    );

    await fc.assert(
      fc.asyncProperty(tampering, async (row) => {
        await put(row);
        await expect(bench.vault.open(bench.store.read, owner)).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
      }),
      { numRuns: 300 },
    );
    await put(one);
    expect((await bench.vault.open(bench.store.read, owner)).reveal()).toMatch(/^token-/);
    await expect(bench.vault.open(bench.store.read, { ...owner, tenant: "ten_other" as TenantId })).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
  });
});

describe("starting", () => {
  it("refuses without the key file once a token is sealed, and makes no new one", async () => {
    await connect("token", "a");
    rmSync(place().file);

    await expect(openVault(bench.store, place(), bench.clock)).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
    expect(readKeyFile(place())).toBeNull();
  });

  it("refuses a foreign key file", async () => {
    await connect("token", "a");
    const foreign = newKey(0);
    replaceKeyFile(place(), { current: foreign, keys: new Map([[foreign.id, foreign]]) });

    await expect(openVault(bench.store, place(), bench.clock)).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
  });

  it("refuses another key under the same id", async () => {
    await connect("token", "a");
    const current = readKeyFile(place())?.current;
    const forged = { ...newKey(0), id: current?.id ?? "" };
    replaceKeyFile(place(), { current: forged, keys: new Map([[forged.id, forged]]) });

    await expect(openVault(bench.store, place(), bench.clock)).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
  });
});

describe("rotating the keyring", () => {
  it("seals every token anew, drops the old key, and keeps every token readable throughout", async () => {
    const owners = [];
    for (let number = 0; number < 5; number += 1) owners.push(await connect(`token-${number}`, `c${number}`));
    const before = readKeyFile(place())?.current.id;
    let failures = 0;
    let reading = true;
    const reader = (async () => {
      while (reading) {
        for (const owner of owners) await bench.vault.open(bench.store.read, owner).catch(() => (failures += 1));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();

    const result = await bench.vault.rotate();
    reading = false;
    await reader;

    expect(result).toMatchObject({ resealed: 5, retired: 1, resumed: false });
    expect([...(readKeyFile(place())?.keys.keys() ?? [])]).toEqual([result.keyId]);
    expect(result.keyId).not.toBe(before);
    expect(failures).toBe(0);
    for (const [number, owner] of owners.entries()) expect((await bench.vault.open(bench.store.read, owner)).reveal()).toBe(`token-${number}`);
  });

  it("goes on where a kill cut it short, at any transaction", async () => {
    const owner = await connect("token-a", "a");
    for (let number = 0; number < 150; number += 1) await connect(`token-${number}`, `c${number}`);
    for (const cutAt of [1, 2, 3]) {
      let transactions = 0;
      const cut: Store = {
        ...bench.store,
        tx: async (work) => {
          transactions += 1;
          if (transactions === cutAt) throw new Error("killed");
          return bench.store.tx(work);
        },
      };
      const victim = await openVault(cut, place(), bench.clock);
      await expect(victim.rotate()).rejects.toThrow("killed");
      expect(readKeyFile(place())?.keys.size).toBe(2);

      const next = await openVault(bench.store, place(), bench.clock);
      expect((await next.open(bench.store.read, owner)).reveal()).toBe("token-a");
      expect(await next.resume()).toMatchObject({ retired: 1, resumed: true });
      expect(await next.resume()).toBeNull();
      expect(new Set((await rows()).map((row) => row.key_id)).size).toBe(1);
      expect((await next.open(bench.store.read, owner)).reveal()).toBe("token-a");
    }
  });

  it("keeps the old key while a token does not open, and says so", async () => {
    await connect("token-a", "a");
    await connect("token-b", "b");
    const [row] = (await rows()) as [SecretRow];
    await put({ ...row, sealed: Buffer.alloc(40, 7).toString("base64") });

    await expect(bench.vault.rotate()).rejects.toMatchObject({ code: "KEY_FILE_MISSING" });
    expect(readKeyFile(place())?.keys.size).toBe(2);
  });

  it("is noticed by another process that has the file open", async () => {
    const owner = await connect("token-a", "a");
    const elsewhere = await openVault(bench.store, place(), bench.clock);
    await bench.vault.rotate();

    expect((await elsewhere.open(bench.store.read, owner)).reveal()).toBe("token-a");
    await bench.store.tx((tx) => elsewhere.seal(tx, owner, new Secret("token-b")));
    expect((await bench.vault.open(bench.store.read, owner)).reveal()).toBe("token-b");
  });
});

it("tokens sealed before destinations had secrets open after the update", async () => {
  const owner = await connect("token-of-before", "a");
  await bench.store.tx(async (tx) => {
    for (const statement of [
      sql`create table old_secrets (id text primary key, tenant_id text not null, connection_id text not null references connections (id), purpose text not null, version integer not null, key_id text not null, nonce text not null, sealed text not null)`,
      sql`insert into old_secrets select id, tenant_id, owner_id, purpose, version, key_id, nonce, sealed from secrets`,
      sql`drop table secrets`,
      sql`alter table old_secrets rename to secrets`,
      sql`create unique index secrets_owner on secrets (connection_id, purpose)`,
      sql`create index secrets_key on secrets (key_id)`,
      sql`delete from vedette_migrations where id = '0110-secrets'`,
    ]) await statement.execute(tx.db);
  });
  expect(await migrate(bench.store, connectionMigrations, 0)).toEqual(["0110-secrets"]);

  expect((await (await openVault(bench.store, place(), bench.clock)).open(bench.store.read, owner)).reveal()).toBe("token-of-before");
});
