/**
 * Connections: add, look up, change, verify, rotate, remove, and what the reader reports of them. Every query takes the caller's
 * tenant scope first; what is absent and what is another tenant's look the same. A token that the console refuses is never saved, and a
 * stored one is let go only after its successor was verified.
 */
import type { Static } from "typebox";
import type { ConnectionDraft, ConnectionView, VerifyReport } from "../kernel/api.ts";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type ConnectionId, type TenantId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { EVERY_TENANT, type TenantScope } from "../kernel/scope.ts";
import type { StreamId } from "../kernel/stream-ids.ts";
import type { Database, Tx } from "../store/store.ts";
import { connectionRow, NO_CONNECTION, readableConnections, surroundings, tenantForNew } from "./lookup.ts";
import { faultPlace, storeFault } from "./faults.ts";
import { createLooks } from "./looks.ts";
import { appendLine, lastLines, type LogLine, type NewLogLine } from "./log-lines.ts";
import { overlapsWith } from "./overlap.ts";
import type { ConnectionPorts, Recorder } from "./ports.ts";
import { checkedDescription, checkedLabels, checkedName, checkedOwners, checkedPolling, compareScopes, freeName, nameFromOrigin, readableStreams } from "./rules.ts";
import { tables, withinScope, type ConnectionRow } from "./tables.ts";
import { accepted, namedByEnd, newTokenCure, refusal, scopeChanged } from "./verification.ts";
import { connectionView, reportColumns, reportOf, type ReadableConnection } from "./views.ts";

export type NewConnection = Omit<Static<typeof ConnectionDraft>, "token"> & { readonly token: Secret };

export interface Added {
  readonly connection: ConnectionView;
  readonly verify: VerifyReport;
  readonly warnings: readonly string[];
}

export interface ConnectionEdit {
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owners?: readonly string[];
  /** Null = all that the token may read. */
  readonly streams?: readonly StreamId[] | null;
  /** How often agents are read, `5m`, `12h`; null = as often as the hub does by itself. */
  readonly polling?: string | null;
  /** How far back the first reading of a stream is told; null = as the hub does by itself. */
  readonly lookBackDays?: number | null;
}

export type Connections = ReturnType<typeof createConnections>;

export function createConnections(ports: ConnectionPorts) {
  const { store, vault, clock, console: rules } = ports;
  /** Connections being verified right now, by this process. */
  const verifying = new Set<string>();
  const looks = createLooks(store, clock, verifying);

  function owner(row: ConnectionRow) {
    return { tenant: row.tenant_id as TenantId, id: row.id, purpose: "console-token" } as const;
  }

  async function viewOf(db: Database, row: ConnectionRow, report = reportOf(row)): Promise<ConnectionView> {
    const around = (await surroundings(db, [row], verifying)).get(row.id);
    if (around === undefined) throw NO_CONNECTION();
    return connectionView(row, around, clock.now(), report);
  }

  async function whileVerifying<T>(id: string, work: () => Promise<T>): Promise<T> {
    verifying.add(id);
    try {
      return await work();
    } finally {
      verifying.delete(id);
    }
  }

  /** One change of one visible connection: the row is read again inside the transaction that changes it. */
  async function change<T>(scope: TenantScope, id: string, work: (tx: Tx, row: ConnectionRow) => Promise<T>): Promise<T> {
    return store.tx(async (tx) => work(tx, await connectionRow(tx.db, scope, id)));
  }

  async function line(tx: Tx, id: string, entry: NewLogLine): Promise<void> {
    await appendLine(tx, id as ConnectionId, clock.now(), entry);
  }

  /** Asks the console without saving anything. */
  async function verifyOnly(url: string, token: Secret, signal: AbortSignal): Promise<VerifyReport> {
    const origin = rules.parseUrl(url);
    return rules.verify(origin, rules.parseToken(token).token, signal);
  }

  async function add(scope: TenantScope, draft: NewConnection, signal: AbortSignal, record: Recorder): Promise<Added> {
    const origin = rules.parseUrl(draft.url);
    const { token } = rules.parseToken(draft.token);
    const tenant = await tenantForNew(store.read, scope, draft.tenant);
    const asked = draft.name === undefined ? null : checkedName(draft.name, "connection");
    const columns = {
      description: checkedDescription(draft.description ?? ""),
      labels: JSON.stringify(checkedLabels(draft.labels ?? {})),
      owners: JSON.stringify(checkedOwners(draft.owners ?? [])),
      streams: draft.streams === undefined ? null : JSON.stringify([...new Set(draft.streams)]),
    };
    if (asked !== null) await refuseTaken(store.read, tenant, asked, null);
    const report = accepted(await rules.verify(origin, token, signal), rules, "connect");
    const added = await store.tx(async (tx) => {
      const db = tables(tx.db);
      await tenantForNew(tx.db, scope, tenant);
      const siblings = await db.selectFrom("connections").select(["id", "name", "url", "report", "tenant_id"]).where("removed_at", "is", null).where(withinScope(scope, "tenant_id")).execute();
      if (asked !== null) await refuseTaken(tx.db, tenant, asked, null);
      const taken = new Set(siblings.filter((row) => row.tenant_id === tenant).map((row) => row.name));
      const id = newId("connection", clock.now()) as ConnectionId;
      const row: ConnectionRow = {
        id,
        tenant_id: tenant,
        name: asked ?? freeName(nameFromOrigin(origin), taken),
        url: origin,
        paused: 0,
        ...columns,
        ...reportColumns(report),
        expiry_warned: null,
        scope_fingerprint: report.scope.fingerprint,
        syncing: 0,
        log_seq: 0,
        created_at: isoTime(clock.now()),
        removed_at: null,
        polling: null,
        look_back_days: draft.lookBackDays ?? null,
      };
      const neighbours = siblings.flatMap(({ name, url, report: known }) => (url !== origin || known === null ? [] : [{ name, scope: (JSON.parse(known) as VerifyReport).scope }]));
      const warnings = overlapsWith(neighbours, report.scope);
      await db.insertInto("connections").values(row).execute();
      await vault.seal(tx, owner(row), token);
      await line(tx, id, { level: "info", event: "connection.added", message: "Connected after a successful verification.", fields: { streams: readableStreams(report).length } });
      for (const warning of warnings) await line(tx, id, { level: "warning", event: "connection.duplicate", message: warning });
      await record(tx, { subject: id, tenant, details: { name: row.name, url: origin } });
      return { row, warnings };
    });
    ports.log.info("connection.added", { connection: added.row.id, tenant });
    ports.changed(added.row.id as ConnectionId, draft.sync === false ? "saved" : "added");
    return { connection: await viewOf(store.read, added.row), verify: report, warnings: added.warnings };
  }

  async function list(scope: TenantScope): Promise<readonly ConnectionView[]> {
    return looks.viewsOf(await tables(store.read).selectFrom("connections").selectAll().where("removed_at", "is", null).where(withinScope(scope, "tenant_id")).orderBy("name").orderBy("id").execute());
  }

  async function get(scope: TenantScope, reference: string): Promise<ConnectionView> {
    return viewOf(store.read, await connectionRow(store.read, scope, reference));
  }

  async function update(scope: TenantScope, reference: string, edit: ConnectionEdit, record: Recorder): Promise<ConnectionView> {
    const columns: Partial<ConnectionRow> = {
      ...(edit.name === undefined ? {} : { name: checkedName(edit.name, "connection") }),
      ...(edit.description === undefined ? {} : { description: checkedDescription(edit.description) }),
      ...(edit.labels === undefined ? {} : { labels: JSON.stringify(checkedLabels(edit.labels)) }),
      ...(edit.owners === undefined ? {} : { owners: JSON.stringify(checkedOwners(edit.owners)) }),
      ...(edit.polling === undefined ? {} : { polling: edit.polling === null ? null : checkedPolling(edit.polling) }),
      ...(edit.lookBackDays === undefined ? {} : { look_back_days: edit.lookBackDays }),
      ...(edit.streams === undefined ? {} : { streams: edit.streams === null ? null : JSON.stringify([...new Set(edit.streams)]) }),
    };
    const fields = Object.keys(columns).sort().join(", ");
    const row = await change(scope, reference, async (tx, before) => {
      if (columns.name !== undefined) await refuseTaken(tx.db, before.tenant_id as TenantId, columns.name, before.id);
      if (fields !== "") {
        await tables(tx.db).updateTable("connections").set(columns).where("id", "=", before.id).execute();
        await line(tx, before.id, { level: "info", event: "connection.changed", message: `Changed: ${fields}.` });
      }
      await record(tx, { subject: before.id, tenant: before.tenant_id, details: { fields } });
      return { ...before, ...columns };
    });
    ports.changed(row.id as ConnectionId, "changed");
    return get(scope, row.id);
  }

  async function setPaused(scope: TenantScope, reference: string, paused: boolean, record: Recorder): Promise<ConnectionView> {
    const row = await change(scope, reference, async (tx, before) => {
      const word = paused ? "paused" : "resumed";
      if ((before.paused === 1) !== paused) {
        await tables(tx.db).updateTable("connections").set({ paused: paused ? 1 : 0 }).where("id", "=", before.id).execute();
        await line(tx, before.id, { level: "info", event: `connection.${word}`, message: `Reading was ${word}.` });
      }
      await record(tx, { subject: before.id, tenant: before.tenant_id });
      return before;
    });
    ports.changed(row.id as ConnectionId, paused ? "paused" : "resumed");
    return get(scope, row.id);
  }

  /** Verifies the stored token again and keeps the report. A scope other than the mirror's needs `acceptScope`. */
  async function verify(scope: TenantScope, reference: string, acceptScope: boolean, signal: AbortSignal, record: Recorder): Promise<VerifyReport> {
    const row = await connectionRow(store.read, scope, reference);
    const token = await vault.open(store.read, owner(row));
    const report = await whileVerifying(row.id, () => rules.verify(row.url, token, signal));
    const refused = refusal(report, rules, "rotate");
    const fault = refused === null ? null : namedByEnd(refused, row.token_expires_at, clock.now());
    await change(scope, row.id, async (tx, now) => {
      await record(tx, { subject: now.id, tenant: now.tenant_id, details: { ok: report.ok, acceptScope } });
      if (fault !== null) {
        await storeFault(tx, now.id as ConnectionId, "", fault, fault.cure, clock.now());
        await line(tx, now.id, { level: "error", event: "connection.verified", message: fault.message, fields: { code: fault.code } });
        return;
      }
      const moved = scopeChanged(now.scope_fingerprint, report);
      const fingerprint = moved && !acceptScope ? now.scope_fingerprint : fingerprintToKeep(now.scope_fingerprint, report);
      await tables(tx.db).updateTable("connections").set({ ...reportColumns(report), scope_fingerprint: fingerprint }).where("id", "=", now.id).execute();
      await clearFaults(tx, now.id, !moved || acceptScope);
      if (moved && !acceptScope) {
        const wrong = new Fault("S1_SCOPE_CHANGED", "The token reaches another part of the console than the mirror was built with.");
        await storeFault(tx, now.id as ConnectionId, "", wrong, wrong.cure, clock.now());
      }
      const message = moved ? (acceptScope ? "Verified; the new scope was accepted." : "Verified, but the scope has changed.") : "Verified.";
      await line(tx, now.id, { level: moved && !acceptScope ? "warning" : "info", event: "connection.verified", message, fields: { ok: report.ok } });
    });
    ports.changed(row.id as ConnectionId, "changed");
    return report;
  }

  /** Puts a new token in place of the stored one once the console has accepted it; reading goes on throughout. */
  async function rotate(scope: TenantScope, reference: string, given: Secret, force: boolean, signal: AbortSignal, record: Recorder): Promise<ConnectionView> {
    const row = await connectionRow(store.read, scope, reference);
    const { token } = rules.parseToken(given);
    const report = accepted(await whileVerifying(row.id, () => rules.verify(row.url, token, signal)), rules, "rotate");
    await change(scope, row.id, async (tx, before) => {
      const old = reportOf(before);
      const reach = old === null ? "unknown" : compareScopes(old.scope, report.scope);
      const lost = old === null ? [] : readableStreams(old).filter((stream) => !readableStreams(report).includes(stream));
      if (!force && (reach === "narrower" || reach === "different")) {
        throw new Fault("S1_SCOPE_CHANGED", `The new token reaches less of the console than the stored one (${reach}); the stored one was kept.`, { cure: "Make the token in the same scope, or repeat with --force if that is on purpose." });
      }
      if (!force && lost.length > 0) {
        throw new Fault("S1_FORBIDDEN", `The new token may not read ${lost.join(", ")}, which the stored one could; the stored one was kept.`, { cure: "Give the token's role these permissions, or repeat with --force if that is on purpose." });
      }
      await vault.seal(tx, owner(before), token);
      await tables(tx.db)
        .updateTable("connections")
        .set({ ...reportColumns(report), scope_fingerprint: fingerprintToKeep(before.scope_fingerprint, report), expiry_warned: null })
        .where("id", "=", before.id)
        .execute();
      await clearFaults(tx, before.id, true);
      await line(tx, before.id, { level: "info", event: "token.rotated", message: "A new token was verified and replaced the old one.", fields: { scope: reach, forced: force } });
      await record(tx, { subject: before.id, tenant: before.tenant_id, details: { scope: reach, forced: force } });
    });
    ports.changed(row.id as ConnectionId, "token");
    return get(scope, row.id);
  }

  /** The token is destroyed at once; the mirror's rows follow in chunks (see `erasable`). */
  async function remove(scope: TenantScope, reference: string, record: Recorder): Promise<ConnectionId> {
    const id = await change(scope, reference, async (tx, row) => {
      await removeRow(tx, row, record);
      return row.id as ConnectionId;
    });
    ports.log.info("connection.removed", { connection: id });
    ports.changed(id, "removed");
    return id;
  }

  async function removeRow(tx: Tx, row: ConnectionRow, record: Recorder): Promise<void> {
    const id = row.id as ConnectionId;
    await vault.destroy(tx, id);
    await tables(tx.db).deleteFrom("connection_faults").where("connection_id", "=", id).execute();
    await tables(tx.db).updateTable("connections").set({ removed_at: isoTime(clock.now()), report: null, syncing: 0 }).where("id", "=", id).execute();
    await record(tx, { subject: id, tenant: row.tenant_id, details: { name: row.name } });
  }

  async function clearFaults(tx: Tx, id: string, scopeToo: boolean, stream?: StreamId): Promise<number> {
    let query = tables(tx.db).deleteFrom("connection_faults").where("connection_id", "=", id);
    if (!scopeToo) query = query.where("code", "!=", "S1_SCOPE_CHANGED");
    if (stream !== undefined) query = query.where("stream", "in", ["", stream]);
    const result = await query.executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  /** What the last verification found; null where there was none, or the connection was removed. */
  async function lastReport(id: ConnectionId): Promise<VerifyReport | null> {
    const row = await tables(store.read).selectFrom("connections").selectAll().where("id", "=", id).where("removed_at", "is", null).executeTakeFirst();
    return row === undefined ? null : reportOf(row);
  }

  /** Both at once, for what is asked with every answer; undefined for one that was removed. */
  async function withReport(id: ConnectionId): Promise<{ readonly view: ConnectionView; readonly report: VerifyReport | null } | undefined> {
    const row = await tables(store.read).selectFrom("connections").selectAll().where("id", "=", id).where("removed_at", "is", null).executeTakeFirst();
    if (row === undefined) return undefined;
    const report = reportOf(row);
    return { view: await viewOf(store.read, row, report), report };
  }

  /** Records what the reader met; a refused token stops this connection alone and keeps its checkpoints. */
  async function reportFault(id: ConnectionId, stream: StreamId | null, met: Fault): Promise<void> {
    const place = faultPlace(stream, met);
    const cure = met.kind === "credential" ? newTokenCure(rules, "rotate") : met.cure;
    const fresh = await store.tx(async (tx) => {
      const row = await tables(tx.db).selectFrom("connections").select("token_expires_at").where("id", "=", id).where("removed_at", "is", null).executeTakeFirst();
      if (row === undefined) return false;
      const fault = namedByEnd(met, row.token_expires_at, clock.now());
      const isNew = await storeFault(tx, id, place, fault, cure, clock.now());
      if (isNew) await line(tx, id, { level: fault.kind === "credential" || fault.kind === "internal" ? "error" : "warning", event: "reading.fault", message: fault.message, fields: { code: fault.code, stream } });
      return isNew;
    });
    if (fresh) ports.log.warn("connection.fault", { connection: id, stream, code: met.code });
  }

  /** Reading works: of one stream, or (without one) of the whole connection. A changed scope stays until a person accepts it. */
  async function reportHealthy(id: ConnectionId, stream?: StreamId): Promise<void> {
    // Asked after every run: without anything to clear, no transaction is spent.
    let known = tables(store.read).selectFrom("connection_faults").select("stream").where("connection_id", "=", id).where("code", "!=", "S1_SCOPE_CHANGED");
    if (stream !== undefined) known = known.where("stream", "in", ["", stream]);
    if ((await known.limit(1).executeTakeFirst()) === undefined) return;
    await store.tx(async (tx) => {
      const cleared = await clearFaults(tx, id, false, stream);
      if (cleared > 0) await line(tx, id, { level: "info", event: "reading.recovered", message: "Reading works again.", fields: { stream: stream ?? null } });
    });
  }

  /** A scope that went and came back needs nobody's word: nothing was declared gone meanwhile. */
  async function reportScopeAgrees(id: ConnectionId): Promise<void> {
    const changed = tables(store.read).selectFrom("connection_faults").select("code").where("connection_id", "=", id).where("code", "=", "S1_SCOPE_CHANGED");
    if ((await changed.limit(1).executeTakeFirst()) === undefined) return;
    await store.tx(async (tx) => {
      await tables(tx.db).deleteFrom("connection_faults").where("connection_id", "=", id).where("code", "=", "S1_SCOPE_CHANGED").execute();
      await line(tx, id, { level: "info", event: "scope.restored", message: "The token reaches again what the mirror was built with." });
    });
  }

  async function reportSyncing(id: ConnectionId, syncing: boolean): Promise<void> {
    const flag = syncing ? 1 : 0;
    const row = await tables(store.read).selectFrom("connections").select("syncing").where("id", "=", id).executeTakeFirst();
    if (row === undefined || row.syncing === flag) return;
    await store.tx(async (tx) => {
      await tables(tx.db).updateTable("connections").set({ syncing: flag }).where("id", "=", id).where("removed_at", "is", null).execute();
      if (!syncing) await line(tx, id, { level: "info", event: "first-read.ended", message: "The first read has ended." });
    });
  }

  /** A process killed during a first read left this set; the next one starts with nothing under way. */
  async function forgetSyncing(): Promise<void> {
    await store.tx((tx) => tables(tx.db).updateTable("connections").set({ syncing: 0 }).where("syncing", "=", 1).execute());
  }

  async function log(scope: TenantScope, reference: string, limit: number): Promise<readonly LogLine[]> {
    const row = await connectionRow(store.read, scope, reference);
    return lastLines(store.read, row.id as ConnectionId, limit);
  }

  /** For the console client of background work; never reaches a route. */
  async function credentials(id: ConnectionId): Promise<{ readonly origin: string; readonly token: Secret }> {
    const row = await connectionRow(store.read, EVERY_TENANT, id);
    return { origin: row.url, token: await vault.open(store.read, owner(row)) };
  }

  /** Removed connections whose mirror rows may still be there. */
  async function erasable(): Promise<readonly ConnectionId[]> {
    const rows = await tables(store.read).selectFrom("connections").select("id").where("removed_at", "is not", null).orderBy("removed_at").execute();
    return rows.map((row) => row.id as ConnectionId);
  }

  /** Forgets a removed connection, in the transaction in which the mirror had no row of it left. */
  async function finishErase(tx: Tx, id: ConnectionId): Promise<void> {
    const db = tables(tx.db);
    const row = await db.selectFrom("connections").select("id").where("id", "=", id).where("removed_at", "is not", null).executeTakeFirst();
    if (row === undefined) return;
    for (const table of ["connection_log", "connection_faults", "site_tenants", "site_reassigns"] as const) {
      await db.deleteFrom(table).where("connection_id", "=", id).execute();
    }
    await vault.destroy(tx, id);
    await db.deleteFrom("connections").where("id", "=", id).execute();
  }

  async function appendTo(scope: TenantScope, reference: string, entry: NewLogLine): Promise<void> {
    await change(scope, reference, (tx, row) => line(tx, row.id, entry));
  }

  return {
    verifyOnly,
    add,
    list,
    page: looks.page,
    standings: looks.standings,
    get,
    update,
    setPaused,
    verify,
    rotate,
    remove,
    removeRow,
    log,
    appendTo,
    lastReport,
    withReport,
    reportFault,
    reportHealthy,
    reportScopeAgrees,
    reportSyncing,
    forgetSyncing,
    credentials,
    erasable,
    finishErase,
    /** All connections the reader may have to do with, paused ones included. */
    readable: (): Promise<readonly ReadableConnection[]> => readableConnections(store.read, null, verifying),
    async readableOne(id: ConnectionId): Promise<ReadableConnection | undefined> {
      return (await readableConnections(store.read, id, verifying))[0];
    },
  };
}

/** A scope that could not be read says nothing: the known one stays. */
function fingerprintToKeep(before: string | null, report: VerifyReport): string | null {
  return report.scope.level === "unknown" ? (before ?? report.scope.fingerprint) : report.scope.fingerprint;
}

async function refuseTaken(db: Database, tenant: TenantId, name: string, but: string | null): Promise<void> {
  const row = await tables(db).selectFrom("connections").select("id").where("tenant_id", "=", tenant).where("name", "=", name).where("removed_at", "is", null).executeTakeFirst();
  if (row !== undefined && row.id !== but) throw new Fault("ALREADY_EXISTS", `The tenant has a connection named ${JSON.stringify(name)} already.`);
}
