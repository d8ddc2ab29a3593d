import Type, { type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { ApiKeyCreated, ApiKeyView, AuditEntry, AuditVerification, BackupResult, RestoreResult, ConnectionLogLine, ConnectionView, FaultView, Ok, ParkedDetail, ParkedView, ReplayResult, RunView, SiteMapping, StatusView, StreamView, TenantView, VerifyReport } from "../kernel/api.ts";
import { PasswordOnce, UserCreated, UserView } from "../kernel/account-api.ts";
import { DeliveryDetail, DeliveryReplayed, DeliveryView, DestinationAdded, DestinationTest, DestinationView } from "../kernel/delivery-api.ts";
import { Secret } from "../kernel/secret.ts";
import { COMMANDS } from "./commands/index.ts";
import type { CliPorts, RunningDemo, RunningSimulator } from "./ports.ts";
import { apiKey, auditEntry, connection, delivery, destination, parked, run, site, statusView, stream, tenant, verifyReport } from "./test-views.ts";
import { ALERT_PROMISES, ALERT_ROUTES } from "./test-alert-views.ts";
import { TRIAGE_PROMISES, TRIAGE_ROUTES } from "./test-case-triage-views.ts";
import { CASE_PROMISES, CASE_ROUTES } from "./test-case-views.ts";
import { ACCESS_PROMISES, ACCESS_ROUTES } from "./test-access-views.ts";
import { NOTIFICATION_PROMISES, NOTIFICATION_ROUTES } from "./test-notification-views.ts";
import { POSTURE_PROMISES, POSTURE_ROUTES } from "./test-posture-views.ts";
import { VULNERABILITY_PROMISES, VULNERABILITY_ROUTES } from "./test-vulnerability-views.ts";
import { fakeApi, fakeTerminal, fakePorts, vedette, type Routes } from "./test-support.ts";
import { runCli } from "./program.ts";

const list = (...items: readonly unknown[]): unknown => ({ items, next: null });
const gap = { id: "gap_1", connection: "con_1", stream: "alerts", from: "2026-01-01T00:00:00.000Z", until: null, noticedAt: "2026-11-20T16:00:00.000Z" };
const Gap = Type.Object({ id: Type.String(), connection: Type.String(), stream: Type.String(), from: Type.String(), until: Type.Union([Type.String(), Type.Null()]), noticedAt: Type.String() });
const logLine = { at: "2026-11-20T16:00:00.000Z", level: "info", event: "verified", message: "ok", fields: {} };

const user = { id: "usr_1", email: "ada@example.test", name: "Ada", role: "analyst", tenants: null, totp: true, passwordOnce: false, createdAt: "2026-11-20T16:00:00.000Z", signedInAt: null, disabledAt: null };

const ROUTES: Routes = {
  ...POSTURE_ROUTES,
  ...ACCESS_ROUTES,
  ...ALERT_ROUTES,
  ...CASE_ROUTES,
  ...NOTIFICATION_ROUTES,
  ...TRIAGE_ROUTES,
  ...VULNERABILITY_ROUTES,
  "POST /api/v1/connections": { connection: connection(), verify: verifyReport(), warnings: ["It is connected twice."] },
  "GET /api/v1/connections": list(connection()),
  "GET /api/v1/guide": [{ title: "Classic", steps: ["Settings"] }],
  "GET /api/v1/runs": list(),
  "POST /api/v1/connections/con_1/sync": run(),
  "POST /api/v1/connections/con_1/verify": verifyReport(),
  "GET /api/v1/connections/con_1/log": list(logLine),
  "POST /api/v1/connections/con_1/pause": connection({ paused: true }),
  "POST /api/v1/connections/con_1/resume": connection(),
  "PATCH /api/v1/connections/con_1": connection({ polling: "10m" }),
  "POST /api/v1/connections/con_1/rotate": connection(),
  "DELETE /api/v1/connections/con_1": { ok: true },
  "GET /api/v1/tenants": list(tenant),
  "POST /api/v1/tenants": tenant,
  "GET /api/v1/tenants/ten_1/sites": list(site),
  "PUT /api/v1/tenants/ten_1/sites": list(site),
  "DELETE /api/v1/tenants/ten_1/sites": list(site),
  "GET /api/v1/sites/unassigned": list(site),
  "GET /api/v1/tenants/ten_1/export": ['{"table":"agents",', '"id":"1"}\n'],
  "DELETE /api/v1/tenants/ten_1": { ...tenant, leavingSince: tenant.createdAt, purgeAfter: tenant.createdAt },
  "PATCH /api/v1/tenants/ten_1": tenant,
  "GET /api/v1/status": statusView(),
  "GET /api/v1/streams": list(stream),
  "GET /api/v1/parked": list(parked),
  "GET /api/v1/parked/prk_1": parked,
  "POST /api/v1/parked/replay": { replayed: 1, applied: 1, stillParked: 0 },
  "GET /api/v1/gaps": list(gap),
  "POST /api/v1/gaps/gap_1/acknowledge": { ok: true },
  "GET /api/v1/destinations": list(destination),
  "POST /api/v1/destinations": { destination, secret: "whsec_x" },
  "PATCH /api/v1/destinations/dst_1": destination,
  "POST /api/v1/destinations/dst_1/test": { outcome: "accepted", id: "dlv_1", code: null, reason: null, ms: 4 },
  "POST /api/v1/destinations/dst_1/rotate": { destination, secret: "whsec_y" },
  "DELETE /api/v1/destinations/dst_1": { ok: true },
  "GET /api/v1/deliveries": list(delivery),
  "GET /api/v1/deliveries/dlv_1": delivery,
  "POST /api/v1/deliveries/replay": { replayed: 1, skipped: 0 },
  "POST /api/v1/sql": ['{"columns":["id"]}\n["1"]\n'],
  "POST /api/v1/backup": { file: "/tmp/x", bytes: 12 },
  "POST /api/v1/keyring/rotate": { keyId: "k2", resealed: 1, retired: 1, resumed: false },
  "GET /api/v1/users": list(user),
  "POST /api/v1/users": { user, password: "AAAAA-BBBBB" },
  "POST /api/v1/users/usr_1/reset": { password: "AAAAA-BBBBB" },
  "PATCH /api/v1/users/usr_1": user,
  "DELETE /api/v1/users/usr_1": user,
  "POST /api/v1/api-keys": { key: apiKey, secret: "vk_secret" },
  "GET /api/v1/api-keys": list(apiKey),
  "DELETE /api/v1/api-keys/key_1": apiKey,
  "GET /api/v1/audit": list(auditEntry),
  "GET /api/v1/audit/verify": { ok: true, entries: 1, head: "h", firstBroken: null },
};

const Connected = Type.Object({ connection: ConnectionView, verify: VerifyReport, warnings: Type.Array(Type.String()), run: Type.Union([RunView, Type.Null()]) });
const Ready = Type.Object({ ready: Type.Literal(true), url: Type.String() });
const TOKEN = { env: { T: "token" } };
const NO_RULES = "[]";
const GROUP = '{"id":"1","name":"Default Group","siteId":"2","isDefault":true,"createdAt":"2026-01-01T00:00:00.000Z"}\n';

/** What standard input holds for a command that ends with `-`. */
const stdinOf = (line: string): string => (line.startsWith("normalize") ? GROUP : NO_RULES);

/** One line per command that prints JSON: what is typed, and the schema its output promises. */
const PROMISES: readonly (readonly [string, TSchema])[] = [
  ["connect https://usea1-011.sentinelone.net --token-env T", Connected],
  ["connect https://usea1-011.sentinelone.net --token-env T --no-sync", Connected],
  ["connect --guide", Type.Array(Type.Object({ title: Type.String(), steps: Type.Array(Type.String()) }))],
  ["connections list", Type.Array(ConnectionView)],
  ["connections show emea", ConnectionView],
  ["connections verify emea", VerifyReport],
  ["connections log emea", Type.Array(ConnectionLogLine)],
  ["connections pause emea", ConnectionView],
  ["connections polling emea 10m", ConnectionView],
  ["connections look-back emea 30", ConnectionView],
  ["connections resume emea", ConnectionView],
  ["connections rotate emea --token-env T", ConnectionView],
  ["connections remove emea --yes", Ok],
  ["tenants list", Type.Array(TenantView)],
  ["tenants add Orchard", TenantView],
  ["tenants map Orchard", Type.Array(SiteMapping)],
  ["tenants map Orchard 11 --connection emea", Type.Array(SiteMapping)],
  ["tenants unmap Orchard 11 --connection emea", Type.Array(SiteMapping)],
  ["tenants unassigned", Type.Array(SiteMapping)],
  ["tenants purge Orchard --yes", TenantView],
  ["tenants keep Orchard", TenantView],
  ["sync", Type.Object({ runs: Type.Array(RunView) })],
  ["status", StatusView],
  ["streams list", Type.Array(StreamView)],
  ["parked list", Type.Array(ParkedView)],
  ["parked show prk_1", ParkedDetail],
  ["parked replay prk_1", ReplayResult],
  ["gaps list", Type.Array(Gap)],
  ["gaps acknowledge gap_1", Ok],
  ["destinations list", Type.Array(DestinationView)],
  ["destinations add access --webhook https://hooks.example.com", DestinationAdded],
  ["destinations add archive --file posture.ndjson --tenant Orchard", DestinationAdded],
  ["destinations add siem --splunk https://s.example.com --secret-env T --all-tenants", DestinationAdded],
  ["destinations add siem --syslog tls://l.example.com --stream alerts --severity high", DestinationAdded],
  ["destinations show access", DestinationView],
  ["destinations edit access --severity high --any facts", DestinationView],
  ["destinations pause access", DestinationView],
  ["destinations resume access", DestinationView],
  ["destinations test access", DestinationTest],
  ["destinations rotate access --keep-hours 1", DestinationAdded],
  ["destinations remove access --yes", Ok],
  ["deliveries list --destination access --state parked", Type.Array(DeliveryView)],
  ["deliveries show dlv_1", DeliveryDetail],
  ["deliveries replay dlv_1", DeliveryReplayed],
  ["deliveries replay --destination access", DeliveryReplayed],
  ["deliveries replay --since 24h --until 1h --state delivered", DeliveryReplayed],
  ...POSTURE_PROMISES,
  ...ACCESS_PROMISES,
  ...VULNERABILITY_PROMISES,
  ["normalize --as ecs -", Type.Object({ "@timestamp": Type.String(), ecs: Type.Object({ version: Type.String() }) })],
  ...ALERT_PROMISES,
  ...CASE_PROMISES,
  ...NOTIFICATION_PROMISES,
  ...TRIAGE_PROMISES,
  ["sql select", Type.Array(Type.Object({ id: Type.String() }))],
  ["backup x.db", BackupResult],
  ["restore x.db", RestoreResult],
  ["keyring rotate", Type.Object({ keyId: Type.String(), resealed: Type.Integer(), retired: Type.Integer(), resumed: Type.Boolean() })],
  ["users list", Type.Array(UserView)],
  ["users add ada@example.test", UserCreated],
  ["users reset Ada@example.test", PasswordOnce],
  ["users disable usr_1", UserView],
  ["users enable usr_1", UserView],
  ["users remove ada@example.test", UserView],
  ["api-keys create grafana", ApiKeyCreated],
  ["api-keys list", Type.Array(ApiKeyView)],
  ["api-keys revoke key_1", ApiKeyView],
  ["audit list", Type.Array(AuditEntry)],
  ["audit verify", AuditVerification],
];

function valid(schema: TSchema, text: string): readonly unknown[] {
  return Compile(schema).Errors(JSON.parse(text) as unknown);
}

describe("--json", () => {
  it.each(PROMISES)("`%s` prints one JSON value of the promised shape and nothing else", async (line, schema) => {
    const { code, stdout, api } = await vedette([...line.split(" "), "--json"], ROUTES, { ...TOKEN, ...(line.includes(" - ") || line.endsWith(" -") ? { stdin: stdinOf(line) } : {}), ports: { restore: async () => ({ file: "/tmp/x", bytes: 12, kept: null }) } });

    expect(valid(schema, stdout)).toEqual([]);
    expect(code).toBe(0);
    if (api.calls.length > 0) expect(api.closed).toBe(true);
  });

  const running = { url: "http://127.0.0.1:1", ended: new Promise<void>(() => undefined), stop: async () => undefined };
  const services: readonly (readonly [string, Partial<CliPorts>, TSchema])[] = [
    ["serve", { serve: async () => running }, Ready],
    ["serve", { serve: async () => ({ ...running, setupCode: new Secret("AAAAA-BBBBB") }) }, Type.Intersect([Ready, Type.Object({ setupCode: Type.Literal("AAAAA-BBBBB") })])],
    ["simulate", { simulate: async (): Promise<RunningSimulator> => ({ ...running, tokens: { admin: "a", viewer: "v", site: "s", expired: "e" } }) }, Type.Intersect([Ready, Type.Object({ tokens: Type.Record(Type.String(), Type.String()) })])],
    ["demo", { demo: async (): Promise<RunningDemo> => ({ ...running, console: { url: "http://127.0.0.1:2", token: new Secret("t") }, receiver: "http://127.0.0.1:3", api: fakeApi(ROUTES), dataFolder: "/tmp/demo", findable: true, link: new Secret("http://127.0.0.1:1/#sign-in=X") }) }, Type.Intersect([Ready, Type.Object({ open: Type.Literal("http://127.0.0.1:1/#sign-in=X") })])],
  ];
  it.each(services)("`%s` prints exactly one line when ready, stays, and stops on a signal with exit code 0", async (command, ports, schema) => {
    const terminal = fakeTerminal();
    const done = runCli([command, "--json", "--port", "0"], fakePorts(fakeApi({}), terminal.io, ports));
    while (terminal.stdout() === "") await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));

    terminal.signal("SIGTERM");

    expect(await done).toBe(0);
    expect(terminal.stdout().trimEnd().split("\n")).toHaveLength(1);
    expect(valid(schema, terminal.stdout())).toEqual([]);
  });

  it("every command has a promise here", () => {
    const covered = new Set([...PROMISES.map(([line]) => line.split(" ")[0]), ...services.map(([command]) => command)]);

    expect(COMMANDS.map((command) => command.id).filter((id) => !covered.has(id))).toEqual([]);
  });

  it("a fault is one JSON object on standard error, and standard output stays empty", async () => {
    const { code, stdout, stderr } = await vedette(["connections", "show", "nobody", "--json"], ROUTES);

    expect(valid(Type.Object({ fault: FaultView }), stderr)).toEqual([]);
    expect(stdout).toBe("");
    expect(code).toBe(64);
  });
});
