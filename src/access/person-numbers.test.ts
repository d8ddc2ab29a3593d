import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { ConnectionId } from "../kernel/ids.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { MIRROR_MIGRATIONS } from "../mirror/tables.ts";
import { migrate } from "../store/migrate.ts";
import { openSqlite } from "../store/sqlite.ts";
import { findPrincipal } from "./lookup.ts";
import { keysOf, mailNumber, nameNumber, rangeOfConsole, rangeOfName } from "./person-numbers.ts";
import { accessMigrations } from "./tables.ts";
import { SOUND } from "./test-risk-bench.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });

describe("numbers of people", () => {
  it("are whole, exact, and lie within their console's; a name's within the name's, in whatever domain", () => {
    fc.assert(
      fc.property(text, text, text, (console_, name, address) => {
        const of = rangeOfConsole(console_);
        const called = rangeOfName(console_, name);
        const [mail, named] = [mailNumber(console_, address), nameNumber(console_, name, address)];
        for (const number of [of.from, of.to, mail, named]) expect(Number.isSafeInteger(number)).toBe(true);
        expect(mail >= of.from && mail < of.to && named >= called.from && named < called.to && called.from >= of.from && called.to <= of.to).toBe(true);
      }),
    );
  });

  it("are the same for one mailbox, and stay what they are: they are stored", () => {
    expect(mailNumber("con_1", "bo+admin@orchard.test")).toBe(mailNumber("con_1", "bo@orchard.test"));
    expect(keysOf("con_1", { name: "Bo  Dahl", email: "Bo@Orchard.test" })).toEqual({ name_key: "bo  dahl", email_key: "bo@orchard.test", name_number: nameNumber("con_1", "bo  dahl", "bo@orchard.test"), mail_number: mailNumber("con_1", "bo@orchard.test") });
    expect([mailNumber("con_1", "bo@orchard.test"), nameNumber("con_1", "bo dahl", null)]).toEqual([2484897077836880, 2485975302563291]);
  });

  it("are given to whoever was stored before there were any, who is then found by name and by address", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vedette-access-"));
    const store = await openSqlite({ folder });
    try {
      const narrow = accessMigrations.findIndex(({ id }) => id === "0602-access-narrow");
      await migrate(store, [...MIRROR_MIGRATIONS, ...accessMigrations.slice(0, narrow)], 1);
      await store.tx(async (tx) => {
        for (let n = 0; n < 2_100; n += 1) {
          const facts = { ...SOUND, name: `Person ${String(n)}`, email: `p${String(n)}@orchard.test` };
          await sql`INSERT INTO access_principals (connection_id, kind, id, tenant_id, name_key, email_key, unread, facts) VALUES ('con_1', 'user', ${String(n)}, 'ten_default', ${`person ${String(n)}`}, ${`p${String(n)}@orchard.test`}, 0, ${JSON.stringify(facts)})`.execute(tx.db);
        }
      });
      await migrate(store, [...MIRROR_MIGRATIONS, ...accessMigrations], 2);

      const found = async (reference: string) => (await findPrincipal(store, EVERY_TENANT, reference, "con_1" as ConnectionId)).id;
      expect([await found("P1999@orchard.test"), await found("person 2099"), await found("7")]).toEqual(["1999", "2099", "7"]);
      expect((await sql`SELECT 1 FROM access_principals WHERE mail_number IS NULL OR name_number IS NULL`.execute(store.read)).rows).toEqual([]);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
