/**
 * The hub put together: store, mirror, connections, reader, server. `open` makes everything ready without reading or listening; `start`
 * does both. Stopping finishes the pages in flight and leaves the store closed.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import type { FastifyInstance } from "fastify";
import { systemClock, isoTime, type Clock } from "../kernel/clock.ts";
import { EVERY_TENANT, type TenantScope } from "../kernel/scope.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { viewName, type StreamId } from "../kernel/stream-ids.ts";
import { readIdentity, readScope } from "../sentinelone/token-facts.ts";
import { scopeFingerprint } from "../sentinelone/verify.ts";
import { STREAMS } from "../sentinelone/streams/index.ts";
import { openSqlite, type SqliteStore } from "../store/sqlite.ts";
import { openPostgres, type PostgresStore } from "../store/postgres.ts";
import { migrate } from "../store/migrate.ts";
import type { Database, Migration } from "../store/store.ts";
import type { Capability } from "../mirror/capability.ts";
import { createMirror, mirrorContext } from "../mirror/create.ts";
import { runDue, runRebuilds } from "../mirror/capability-runs.ts";
import { mirrorRoutes } from "../mirror/routes.ts";
import { openSql } from "../mirror/sql.ts";
import { MIRROR_MIGRATIONS, prepareMirror } from "../mirror/tables.ts";
import { countTenantRows, purgeTenantRows, tenantRows } from "../mirror/tenant-rows.ts";
import { createConnections } from "../connections/connections.ts";
import { watchExpiry } from "../connections/expiry.ts";
import { createConsoleRules } from "../connections/console-rules.ts";
import { connectionRoutes } from "../connections/routes.ts";
import { createSites } from "../connections/sites.ts";
import { connectionMigrations } from "../connections/tables.ts";
import { tenantRoutes } from "../connections/tenant-routes.ts";
import { createTenants } from "../connections/tenants.ts";
import { openVault } from "../connections/vault.ts";
import { nameAmongTenants, tenantForNew, tenantRow } from "../connections/lookup.ts";
import { standingOf, stillQueued } from "../delivery/health.ts";
import { createQueueFact, createQueueFor, deliveryId } from "../delivery/queue.ts";
import { createRegistry, type Sealer } from "../delivery/registry.ts";
import { Deliverer } from "../delivery/deliverer.ts";
import { destinationKinds } from "../delivery/destinations/index.ts";
import type { LineOutput } from "../delivery/destinations/stdout.ts";
import { deliveryRoutes } from "../delivery/routes.ts";
import { deliveryMigrations } from "../delivery/tables.ts";
import { countTenantDeliveries, dropDelivered, purgeTenantDeliveries, tenantDeliveries, tidyDeliveries } from "../delivery/upkeep.ts";
import { alertMigrations, alertRoutes, createAlerts } from "../alerts/index.ts";
import { caseMigrations, caseNotices, caseRoutes, createCases, createTriage } from "../cases/index.ts";
import { asThingsStand, heardBy, Notifier, notifyMigrations, notifyRoutes, openTroubles, tidyNotifications } from "../notify/index.ts";
import { reportRoutes } from "../reports/index.ts";
import { createPosture, postureMigrations, postureRoutes } from "../posture/index.ts";
import { accessMigrations, accessRoutes, createAccess, createCoverage, removeLeftoverExports } from "../access/index.ts";
import { createSoftware, createVulnerabilities, exposures, failingRules, provenRead, vulnerabilityMigrations, vulnerabilityRoutes } from "../vulnerabilities/index.ts";
import { createAccessKeys } from "../server/access-keys.ts";
import { accountMigrations } from "../server/account-tables.ts";
import { apiKeyMigrations, createApiKeys } from "../server/api-keys.ts";
import { createApp } from "../server/app.ts";
import { auditMigrations, createAuditLog } from "../server/audit.ts";
import { createAuth } from "../server/auth.ts";
import { createBackups } from "../server/backups.ts";
import { builtinRoutes, withOpenApi } from "../server/builtin-routes.ts";
import { newLocalCredential } from "../server/hub-file.ts";
import { createLive } from "../server/live.ts";
import { liveRoute } from "../server/live-route.ts";
import type { Cost } from "../server/passwords.ts";
import { closeInterruptedRuns } from "../sync/run-history.ts";
import { revokeReaders } from "../sync/reader-leases.ts";
import { Runner } from "../sync/runner.ts";
import { Schedule } from "../sync/schedule.ts";
import { Slots } from "../sync/slots.ts";
import { StreamStatuses } from "../sync/status.ts";
import { forgetStates, readStates } from "../sync/stream-state.ts";
import { syncMigrations } from "../sync/tables.ts";
import { syncRoutes } from "../sync/routes.ts";
import type { ReaderDeps } from "../sync/job.ts";
import type { SyncConnection, SyncPorts } from "../sync/ports.ts";
import { peopleOf } from "./accounts.ts";
import { alertDocument } from "./alert-documents.ts";
import { alertOrigin } from "./alert-origin.ts";
import { Clients } from "./clients.ts";
import { derivedData } from "./derived-data.ts";
import { DiskWatch } from "./disk-watch.ts";
import { healthObserver } from "./integration-health.ts";
import { IngestDriver } from "./ingest-driver.ts";
import { newcomers } from "./newcomers.ts";
import { ThreadedPageMapper } from "./page-mapper.ts";
import { parkedByStream } from "./parked-counts.ts";
import { endsOfReadings, readingState, streamFacts } from "./reading-state.ts";
import type { Settings } from "./settings.ts";
import { overviewReader, overviewRoute } from "./overview.ts";
import { statusReader, statusRoute } from "./status-route.ts";
import { Upkeep } from "./upkeep.ts";
import { VERSION } from "./version.ts";

/** Pages asked for at once, and parts of one listing read side by side: at 400 ms of latency no less than what the request budget lets through. */
export const PAGES_ASKED_FOR = 6;
/** Pages mapped and waiting to be stored: enough that the next transaction need not wait, little enough for 300 MB. */
const PAGES_IN_MEMORY = 4;
const PAGES_PER_TRANSACTION = 3;
const PAGE_SIZE = 1000;
/** Pages of a thousand records that capabilities meet again before the rest of the upkeep has its turn. */
const PAGES_OF_UPKEEP = 100;

/** Where `npm run console` builds it, seen from the source as from the build. */
const CONSOLE_FOLDER = fileURLToPath(new URL("../../console/dist", import.meta.url));

export interface HubOptions {
  readonly settings: Settings;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Beside those the hub has anyway. */
  readonly capabilities?: readonly Capability[];
  /** The address the hub will listen on. */
  readonly host?: string;
  /** Where a destination of that kind writes: this process's output, where it is the hub's own. */
  readonly stdout?: LineOutput;
  /** Of a password's hash; tests, which make many, take a low one. */
  readonly passwordCost?: Cost;
  /** Rows per page; tests make estates of a few hundred records span many pages. */
  readonly pageSize?: number;
}

export type Hub = Awaited<ReturnType<typeof openHub>>;

export const CORE_MIGRATIONS: readonly Migration[] = [...MIRROR_MIGRATIONS, ...connectionMigrations, ...auditMigrations, ...apiKeyMigrations, ...accountMigrations, ...syncMigrations, ...deliveryMigrations, ...postureMigrations, ...accessMigrations, ...vulnerabilityMigrations, ...alertMigrations, ...caseMigrations, ...notifyMigrations];

export async function openHub(options: HubOptions) {
  const { settings, log, env } = options;
  const clock = options.clock ?? systemClock;
  const capabilities = options.capabilities ?? [];
  const store = await openStore(settings);
  try {
    return await assemble({ ...options, clock, capabilities }, store);
  } catch (error) {
    await store.close();
    throw error;
  }

  function openStore(from: Settings): Promise<SqliteStore | PostgresStore> {
    return from.databaseUrl === null ? openSqlite({ folder: from.dataFolder }) : openPostgres({ url: from.databaseUrl });
  }

  async function assemble(given: Required<Pick<HubOptions, "clock" | "capabilities">> & HubOptions, opened: SqliteStore | PostgresStore) {
    await migrate(opened, [...CORE_MIGRATIONS, ...given.capabilities.flatMap((capability) => capability.migrations)], clock.now());
    await prepareMirror(opened, STREAMS);
    const queueFact = createQueueFact(clock);
    const accessKeys = createAccessKeys({ clock, env, userAgent: `vedette/${VERSION}`, allowedHosts: settings.destinationHosts });
    const findTenant = async (db: Database, scope: TenantScope, reference: string): Promise<TenantId> => (await tenantRow(db, scope, reference)).id as TenantId;
    const posture = createPosture({ queueFact, exposures, routes: postureRoutes({ store: opened, clock, queueFact, findTenant, accessKeys, baseUrl: () => settings.publicUrl?.href ?? running.url ?? "" }) });
    const exportFolder = join(settings.dataFolder, "exports");
    await removeLeftoverExports(exportFolder);
    const access = createAccess({ routes: accessRoutes({ store: opened, clock, findTenant, findConnection: async (scope, reference) => (await connections.get(scope, reference)).id as ConnectionId, coverage: createCoverage((id) => readingState(opened, connections, id)), readings: (id) => endsOfReadings(opened, id), exportFolder }) });
    const vulnerabilities = createVulnerabilities({ queueFact, routes: vulnerabilityRoutes({ store: opened, clock, findTenant, findConnection: async (scope, reference) => (await connections.get(scope, reference)).id as ConnectionId, connections: async (scope) => (await connections.list(scope)).map(({ id, name, tenant }) => ({ id: id as ConnectionId, name, tenant: tenant as TenantId })), verify: (scope, connection, signal, record) => connections.verify(scope, connection, false, signal, record), reading: (id) => streamFacts(opened, connections, id), wake: () => ingest.wake(), version: VERSION }) });
    const alerts = createAlerts({
      queueFact,
      queueFor: (destination) => createQueueFact(clock, destination),
      newcomers,
      origin: alertOrigin,
      retentionDays: settings.retentionDays,
      routes: alertRoutes({ store: opened, clock, origin: alertOrigin, document: alertDocument, findTenant, findConnection: async (scope, reference) => (await connections.get(scope, reference)).id as ConnectionId }),
    });
    const caseFacts = heardBy(queueFact, () => clock.now());
    const cases = createCases({ queueFact: caseFacts, origin: alertOrigin, lookBackMs: settings.caseLookBackDays * 86_400_000, routes: caseRoutes({ store: opened, clock, queueFact: caseFacts, origin: alertOrigin, findTenant }) });
    const capabilities: readonly Capability[] = [posture, access, vulnerabilities, createSoftware(), ...alerts, cases, createTriage(), ...given.capabilities];
    const vault = await openVault(opened, { file: settings.keyFile, dataFolder: settings.dataFolder }, clock);
    await vault.resume();

    const clients = new Clients({ clock, log, allowedHosts: settings.allowedHosts, requestShare: settings.requestShare, userAgent: `vedette/${VERSION}`, env, credentials: (id) => connections.credentials(id) });
    const audit = createAuditLog(opened, clock);
    const sealer: Sealer = {
      seal: (tx, { tenant, destination }, secret) => vault.seal(tx, { tenant, id: destination, purpose: "destination" }, secret),
      open: (db, { tenant, destination }) => vault.open(db, { tenant, id: destination, purpose: "destination" }),
      destroy: (tx, destination) => vault.destroy(tx, destination),
    };
    const registry = createRegistry({
      store: opened,
      clock,
      sealer,
      kinds: destinationKinds({ clock, env, allowedHosts: settings.destinationHosts, userAgent: `vedette/${VERSION}`, folder: join(settings.dataFolder, "outgoing"), stdout: given.stdout ?? null }),
      tenantFor: tenantForNew,
      findTenant,
      findConnection: async (scope, reference) => (await connections.get(scope, reference)).id as ConnectionId,
    });
    const noticePorts = {
      cases: (db: Database, ids: readonly string[]) => caseNotices(db, ids, { kind: opened.kind, origin: alertOrigin }),
      standing: standingOf,
      waiting: (db: Database, deliveries: readonly string[]) => stillQueued(db, opened.kind, deliveries),
      queueFor: createQueueFor(clock),
      deliveryId,
      tenantName: nameAmongTenants,
    };
    const deliverer = new Deliverer({ store: opened, clock, log, holder: randomUUID(), revision: (id) => registry.revision(id), open: (id) => registry.open(id), asThingsStand: (batch) => asThingsStand(batch, opened.read, noticePorts, clock.now()) });
    const rules = createConsoleRules({ allowedHosts: settings.allowedHosts, clock, log, userAgent: `vedette/${VERSION}`, env, budgetOf: (origin) => clients.budgetOf(origin) });
    const connections = createConnections({
      store: opened,
      vault,
      clock,
      log,
      console: rules,
      changed(id, change) {
        if (change === "token" || change === "removed") clients.forget(id);
        // With a new token too: what the old one is refused from now on says nothing about the connection. Reading goes on at once.
        if (change === "paused" || change === "removed" || change === "token") for (const run of runner.liveOf(id)) runner.cancel(run.id as Parameters<Runner["cancel"]>[0]);
      },
    });
    const sites = createSites({
      store: opened,
      clock,
      async listSites(_scope, connection) {
        const { rows } = await sql<{ id: string; name: string | null; account_name: string | null }>`
          SELECT id, name, account_name FROM ${sql.table(viewName("sites"))} WHERE connection_id = ${connection} ORDER BY name, id`.execute(opened.read);
        return rows.map((row) => ({ id: row.id, name: row.name, accountName: row.account_name }));
      },
      reassign() {
        // The upkeep looks at what is pending every few seconds.
      },
    });
    const tenants = createTenants({
      store: opened,
      clock,
      log,
      connections,
      data: {
        async *rows(tenant, signal) {
          yield* tenantRows(opened, STREAMS, tenant, signal);
          yield* tenantDeliveries(opened, tenant, signal);
          yield* derivedData.rows(opened, tenant, signal);
        },
        async purge(tx, tenant, limit) {
          const rows = (await purgeTenantRows(tx, STREAMS, tenant, limit)) || (await derivedData.purge(tx, tenant, limit));
          return rows > 0 ? rows : purgeTenantDeliveries(tx, tenant, limit, (inner, destination) => sealer.destroy(inner, destination), clock.now());
        },
        count: async (tenant) => (await countTenantRows(opened, STREAMS, tenant)) + (await countTenantDeliveries(opened, tenant)) + (await derivedData.count(opened, tenant)),
      },
      changed(id, change) {
        if (change !== "resumed") for (const run of runner.liveOf(id)) runner.cancel(run.id as Parameters<Runner["cancel"]>[0]);
      },
    });

    const mirrorOptions = { store: opened, streams: STREAMS, capabilities, codeVersion: VERSION, now: () => clock.now() };
    const mirror = createMirror(mirrorOptions);
    const context = mirrorContext(mirrorOptions);
    const notifier = new Notifier({ ...noticePorts, store: opened, clock, log, holder: randomUUID(), queueFact, observe: healthObserver({ store: opened, clock, mirror, streams: STREAMS, connections, destinations: registry }) });
    const disk = new DiskWatch({ store: opened, clock, folder: settings.dataFolder, budgetBytes: settings.diskBudget });
    const ports: SyncPorts = {
      connections: () => connections.readable(),
      current: (id) => connections.readableOne(id),
      async find(scope, idOrName) {
        const view = await connections.get(scope, idOrName);
        return connections.readableOne(view.id as ConnectionId);
      },
      client: (id) => clients.get(id),
      async scopeFingerprint(client, signal) {
        return scopeFingerprint(await readScope(client, await readIdentity(client, signal), signal));
      },
      reportFault: (id, stream, fault) => connections.reportFault(id, stream, fault),
      reportHealthy: (id, stream) => connections.reportHealthy(id, stream),
      reportScopeAgrees: (id) => connections.reportScopeAgrees(id),
      reportSyncing: (id, syncing) => connections.reportSyncing(id, syncing),
      budget: (origin, stream) => budgetOf(clients, origin, stream),
    };
    const mapper = new ThreadedPageMapper();
    const deps: ReaderDeps = {
      store: opened,
      mirror,
      clock,
      log,
      ports,
      // One more belongs to each connection.
      pages: new Slots(PAGES_ASKED_FOR - 1),
      mapped: new Slots(PAGES_IN_MEMORY - 1),
      inFlight: PAGES_ASKED_FOR,
      diskFull: () => disk.full(),
      pagesPerTransaction: PAGES_PER_TRANSACTION,
      pageSize: given.pageSize ?? PAGE_SIZE,
      mapper,
      retentionDays: settings.retentionDays,
    };
    const runner = new Runner(deps);
    const schedule = new Schedule({ deps, runner, streams: STREAMS, log, diskFull: () => disk.full() });
    const statuses = new StreamStatuses({ store: opened, mirror, clock, ports, streams: STREAMS, parkedCounts: (scope) => parkedByStream(scope, opened) });
    const target = async (id: ConnectionId) => {
      const connection = await connections.readableOne(id);
      return connection === undefined ? undefined : targetOf(connection);
    };
    const ingest = new IngestDriver({
      store: opened,
      clock,
      log,
      runner,
      streams: STREAMS,
      connection: (id) => connections.readableOne(id),
      states: (id) => readStates(opened, id),
      readTo: (id) => provenRead(opened.read, id),
      async refused(id) {
        const report = await connections.lastReport(id);
        return new Map((report?.streams ?? []).filter(({ readable }) => !readable).map(({ stream, message }) => [stream, message]));
      },
      async step() {
        const now = clock.now();
        const [outcome] = await runDue(opened, [vulnerabilities], now);
        return outcome !== undefined && outcome.next !== null && outcome.next <= now;
      },
      readsByItself: () => running.url !== null,
    });
    const upkeep = new Upkeep({
      store: opened,
      mirror,
      clock,
      log,
      stopReaders: (tx, id) => revokeReaders(tx, id),
      erasable: () => connections.erasable(),
      async finishErase(tx, id) {
        await forgetStates(tx, id);
        await connections.finishErase(tx, id);
      },
      pendingReassigns: (limit) => sites.pendingReassigns(limit),
      reassigned: (tx, done) => sites.reassigned(tx, done),
      target,
      async purgeTenants() {
        await tenants.purgeDue((tx, details) => audit.append(tx, { actor: { kind: "hub", id: "hub" }, event: "tenant.purged", requestId: "-", ...details }));
      },
      async watchExpiry() {
        await watchExpiry({ store: opened, clock, log });
      },
      async tidyDeliveries() {
        await tidyDeliveries(opened, clock.now());
        await tidyNotifications(opened, clock.now());
      },
      async makeRoom() {
        if ((await disk.full()) && (await dropDelivered(opened, clock.now()))) log.warn("upkeep.delivered-forgotten", { why: "disk" });
      },
      eraseDerived: (tx, id, limit) => derivedData.erase(tx, id, limit),
      async ingest() {
        await ingest.look();
      },
      async capabilitiesDue(now, signal) {
        await runRebuilds(opened, context, now, PAGES_OF_UPKEEP);
        await mirror.payOwed(signal);
        let asking = capabilities;
        for (let page = 0; page < PAGES_OF_UPKEEP && asking.length > 0 && !signal.aborted; page += 1) {
          const outcomes = await runDue(opened, asking, now);
          asking = asking.filter(({ id }) => outcomes.some(({ capability, next }) => capability === id && next !== null && next <= now));
        }
      },
    });

    const running: { url: string | null } = { url: null };
    const credential = newLocalCredential();
    const keys = createApiKeys({ store: opened, clock, log, resolveTenant: async (scope, reference) => (await tenantRow(opened.read, scope, reference)).id });
    const people = peopleOf({ store: opened, clock, log, audit, vault, tenants, publicUrl: settings.publicUrl?.href ?? null, passwordCost: given.passwordCost });
    const status = statusReader({ version: VERSION, clock, running, store: opened, disk, standings: (scope: TenantScope) => connections.standings(scope), page: (scope, asked) => connections.page(scope, asked), connections: (scope: TenantScope) => connections.list(scope), statuses, streams: STREAMS, failingRules: (scope) => failingRules(opened, scope), destinations: (scope) => registry.list(scope), troubles: (scope) => openTroubles(opened.read, scope) });
    const looking = overviewReader({ store: opened, clock, status, destinations: (scope) => registry.list(scope), findTenant });
    const live = createLive({ clock, log, runsUnderWay: () => runner.underWay(), runsEnded: () => runner.justEnded(), connections: () => connections.standings(EVERY_TENANT), figures: looking.figures });
    const sqlReader = openSql({ store: opened, streams: STREAMS });
    const routes = withOpenApi(
      [
        ...builtinRoutes({ store: opened, audit, keys, backups: createBackups(opened, join(settings.dataFolder, "backups"), clock), version: VERSION, migrated: () => true, status, rotateKeyring: () => vault.rotate() }),
        ...people.routes,
        ...connectionRoutes(connections, rules, (scope, reference) => findTenant(opened.read, scope, reference)),
        ...tenantRoutes(opened, tenants, sites),
        ...syncRoutes({ store: opened, clock, ports, runner, streams: STREAMS, statuses, diskFull: () => disk.full() }),
        ...mirrorRoutes({
          store: opened,
          clock,
          context,
          sql: sqlReader,
          connection: async (scope, idOrName) => (await connections.get(scope, idOrName)).id as ConnectionId,
          async target(id) {
            return (await target(id)) ?? { connection: id, tenant: (await connections.get(EVERY_TENANT, id)).tenant as SyncConnection["tenant"], siteTenants: new Map() };
          },
        }),
        statusRoute(status),
        overviewRoute({ store: opened, findTenant }, looking),
        liveRoute({ live, sessions: people.sessions, findTenant: (scope, reference) => findTenant(opened.read, scope, reference) }),
        ...reportRoutes({
          store: opened,
          clock,
          async tenantOf(db, scope, reference) {
            const { id, name } = await tenantRow(db, scope, reference ?? (await tenantForNew(db, scope, undefined)));
            return { id: id as TenantId, name };
          },
        }),
        ...deliveryRoutes({ store: opened, clock, registry }),
        ...notifyRoutes({
          ...noticePorts,
          store: opened,
          clock,
          tenantFor: tenantForNew,
          findTenant,
          findDestination: (scope, reference) => registry.get(scope, reference),
          destinationName: async (db, id) => (await standingOf(db, id))?.name ?? null,
          sendNow: (scope, destination, message, signal, record) => registry.test(scope, destination, signal, record, { kind: "notifications.case", body: { message } }),
        }),
        ...capabilities.flatMap((capability) => capability.routes),
      ],
      VERSION,
    );
    const app: FastifyInstance = createApp({
      routes,
      auth: createAuth(keys, credential),
      sessions: people.sessions,
      consoleFolder: CONSOLE_FOLDER,
      audit,
      log,
      clock,
      publicUrl: settings.publicUrl?.href ?? null,
      ...(given.host === undefined ? {} : { host: given.host }),
    });
    /** What a killed process left as under way is not. */
    const settleInterrupted = async (): Promise<void> => {
      await closeInterruptedRuns(opened, isoTime(clock.now()));
      await connections.forgetSyncing();
    };
    // The embedded store has one owner. A shared one may be read by a hub elsewhere, whose runs a passing command must not close.
    if (opened.kind === "sqlite") await settleInterrupted();

    let closed: Promise<void> | undefined;
    return {
      store: opened,
      mirror,
      connections,
      tenants,
      sites,
      runner,
      schedule,
      upkeep,
      audit,
      keys,
      users: people.users,
      signIn: people.signIn,
      destinations: registry,
      deliverer,
      notifier,
      /** For capabilities: queues a fact in their transaction. */
      queueFact,
      app,
      routes,
      credential,
      status,
      async listen(host: string, port: number): Promise<string> {
        if (opened.kind !== "sqlite") await settleInterrupted();
        await app.listen({ host, port });
        const address = app.server.address();
        const actual = typeof address === "object" && address !== null ? address.port : port;
        running.url = `http://${host.includes(":") ? `[${host}]` : host}:${String(actual)}`;
        return running.url;
      },
      start(): void {
        schedule.start();
        upkeep.start();
        deliverer.start();
        notifier.start();
      },
      close(): Promise<void> {
        closed ??= (async () => {
          // Streams that stay open would keep the listener from closing.
          live.close();
          await app.close();
          await schedule.stop();
          await ingest.stop();
          await runner.stop();
          await upkeep.stop();
          await notifier.stop();
          // After whoever may still queue: what was queued last has its chance to go in the next start.
          await deliverer.stop();
          await clients.close();
          await accessKeys.close();
          await mapper.close();
          await sqlReader.close();
          await opened.close();
        })();
        return closed;
      },
    };
  }
}

function targetOf(connection: SyncConnection) {
  return { connection: connection.id, tenant: connection.tenant, siteTenants: connection.siteTenants };
}

function budgetOf(clients: Clients, origin: string, stream: StreamId) {
  const endpoint = STREAMS.find((entry) => entry.id === stream)?.endpoint;
  if (endpoint === undefined) return null;
  const budget = clients.budgetOf(origin);
  const name = budget.classOf(endpoint);
  const found = budget.snapshot().find((entry) => entry.class === name);
  return found === undefined ? null : { class: found.class, perSecond: found.perSecond, available: found.available, waiting: found.waiting };
}
