import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import type { RunView } from "../kernel/api.ts";
import { runCli } from "./program.ts";
import { connection, expired, forbidden, parked, run, statusView, streamRun, streamStatus, tenant, verifyReport } from "./test-views.ts";
import { fakeApi, fakePorts, fakeTerminal, vedette } from "./test-support.ts";

const list = (...items: readonly unknown[]): unknown => ({ items, next: null });
const SAVED = { "POST /api/v1/connections": { connection: connection(), verify: verifyReport(), warnings: ["It is connected twice."] }, "GET /api/v1/runs": list(run()) };
const URL = "https://usea1-011.sentinelone.net";

describe("connect", () => {
  it("sends what was given, prints each check with its cure, then the first sync's outcome", async () => {
    const argv = ["connect", URL, "--token-env", "T", "--name", "emea", "--owner", "a@x", "--owner", "b@x", "--label", "tier=gold", "--stream", "agents", "--tenant", "Orchard"];
    const { code, stdout, api } = await vedette(argv, SAVED, { env: { T: " tok \n" } });

    expect(api.calls[0]?.body).toEqual({ url: URL, token: "tok", name: "emea", owners: ["a@x", "b@x"], labels: { tier: "gold" }, streams: ["agents"], tenant: "Orchard", sync: true });
    expect(stdout).toMatch(/ok\s+reachable\s+answers in 40 ms/);
    expect(stdout).toMatch(/warning\s+expiry\s+ends in 20 days\n\s+what to do: Make a new token\./);
    expect(stdout).toMatch(/first sync succeeded in 2s: 2,500 rows in 1 stream/);
    expect(code).toBe(0);
  });

  it("takes the token from a pipe, or asks without showing it", async () => {
    expect((await vedette(["connect", URL, "--no-sync"], SAVED, { stdin: "piped\n" })).api.calls[0]?.body).toMatchObject({ token: "piped", sync: false });
    expect((await vedette(["connect", URL, "--no-sync"], SAVED, { typed: "typed" })).api.calls[0]?.body).toMatchObject({ token: "typed" });
  });

  it.each([["--token-env", "NOWHERE"], ["--token-env", "EMPTY"], []])("without a token (%j %j) nothing is sent", async (...flags) => {
    const { code, stderr, api } = await vedette(["connect", URL, ...flags], SAVED, { env: { EMPTY: "" } });

    expect(stderr).toContain("TOKEN_EMPTY");
    expect(code).toBe(64);
    expect(api.calls).toEqual([]);
  });

  it("a token given in place of a variable's name is not printed back", async () => {
    const token = "x".repeat(80);
    const { stderr } = await vedette(["connect", URL, "--token-env", token], SAVED);

    expect(stderr).not.toContain(token);
  });

  it("when the console refuses the token, every check is shown before the fault", async () => {
    const { code, stdout, stderr } = await vedette(["connect", URL], {
      "POST /api/v1/connections": new Fault("S1_TOKEN_REJECTED", "SentinelOne does not accept this token."),
      "POST /api/v1/verify": verifyReport({ ok: false, lines: [{ check: "token", outcome: "failed", message: "401", cure: "Make a new one." }] }),
    }, { stdin: "t" });

    expect(stdout).toMatch(/failed\s+token\s+401/);
    expect(stderr).toContain("S1_TOKEN_REJECTED");
    expect(code).toBe(77);
  });
});

describe("sync", () => {
  const routes = (ends: Partial<RunView>): Record<string, unknown> => ({ "GET /api/v1/connections": list(connection()), "POST /api/v1/connections/con_1/sync": run({ state: "running" }), "GET /api/v1/runs/run_1": run(ends) });

  it("passes streams and --full, follows the run and ends with 0 when all is well", async () => {
    const { code, api } = await vedette(["sync", "emea", "--stream", "agents", "--stream", "threats", "--full"], routes({}));

    expect(api.calls.find((call) => call.method === "POST")?.body).toEqual({ streams: ["agents", "threats"], full: true });
    expect(code).toBe(0);
  });

  it("ends with the exit code of the worst fault and tells each with its cure", async () => {
    const { code, stdout } = await vedette(["sync", "con_1"], routes({ state: "partial", streams: [streamRun({ stream: "users", phase: "skipped", fault: forbidden }), streamRun({ phase: "failed", fault: expired })] }));

    expect(code).toBe(77);
    expect(stdout).toContain("users: S1_FORBIDDEN: Users.view is missing.\n    what to do: Give the role Users.view.");
  });

  it("Ctrl-C asks the hub to cancel, waits for the end and says so by exit code", async () => {
    const terminal = fakeTerminal();
    let cancelled = false;
    const api = fakeApi({
      ...routes({}),
      "GET /api/v1/runs/run_1": () => run({ state: cancelled ? "cancelled" : "running" }),
      "POST /api/v1/runs/run_1/cancel": () => {
        cancelled = true;
        return { ok: true };
      },
    });
    const done = runCli(["sync", "emea"], fakePorts(api, terminal.io));
    while (!api.calls.some((call) => call.path === "/api/v1/runs/run_1")) await new Promise((resolve) => setTimeout(resolve, 5));

    terminal.signal("SIGINT");

    expect(await done).toBe(75);
    expect(cancelled).toBe(true);
  });

  it("without a name reads every connection that is not paused", async () => {
    const { api } = await vedette(["sync"], { ...routes({}), "GET /api/v1/connections": list(connection(), connection({ id: "con_2", paused: true })) });

    expect(api.calls.filter((call) => call.method === "POST").map((call) => call.path)).toEqual(["/api/v1/connections/con_1/sync"]);
  });

  it("follows the run that is reading already where there is one", async () => {
    const { stdout, code } = await vedette(["sync", "emea"], { ...routes({}), "POST /api/v1/connections/con_1/sync": run({ id: "run_2", state: "running", streams: [] }), "GET /api/v1/runs": list(run({ state: "running" })) });

    expect(stdout).toContain("emea: succeeded");
    expect(code).toBe(0);
  });

  it("with nothing to read says what to do", async () => {
    expect(await vedette(["sync"], { "GET /api/v1/connections": list() })).toMatchObject({ code: 64 });
  });
});

describe("status", () => {
  it("ends with 0 when healthy, with the worst fault's code when not, with 1 where no fault says why", async () => {
    const code = async (view: unknown): Promise<number> => (await vedette(["status"], { "GET /api/v1/status": view })).code;
    const ill = { ok: false, reasons: ["a token ends soon"] };

    expect(await code(statusView())).toBe(0);
    expect(await code(statusView({ health: ill }))).toBe(1);
    expect(await code(statusView({ health: ill, connections: [connection({ fault: expired })], streams: [streamStatus({ fault: forbidden })] }))).toBe(77);
  });

  it("goes through all pages of connections with their streams", async () => {
    const pages = ({ query }: { readonly query: Readonly<Record<string, unknown>> }): unknown =>
      query["after"] === "p2" ? statusView({ connections: [connection({ id: "con_2", name: "apac" })], streams: [streamStatus({ connection: "con_2", rows: 77 })] }) : statusView({ next: "p2" });
    const { stdout } = await vedette(["status"], { "GET /api/v1/status": pages });

    expect(stdout).toMatch(/emea[^]*apac/u);
    expect(stdout).toMatch(/apac\s+agents\s+77/u);
  });

  it("shows state, cure, freshness, lag and tokens near their end on one screen", async () => {
    const { stdout } = await vedette(["status"], {
      "GET /api/v1/status": statusView({
        connections: [connection({ state: "Needs attention", fault: expired })],
        streams: [streamStatus({ caughtUp: false, watermark: "2026-11-20T15:50:00.000Z", parked: 3 })],
        expiring: [{ connection: "con_1", name: "emea", expiresAt: "2026-12-01T00:00:00.000Z", daysLeft: 11 }],
        health: { ok: false, reasons: ["emea needs attention"] },
      }),
    });

    expect(stdout).toMatch(/emea\s+Needs attention/);
    expect(stdout).toMatch(/agents\s+2,500\s+30s ago\s+10m behind\s+3/);
    expect(stdout).toContain("what to do: Make a new one.");
    expect(stdout).toContain("emea: the token ends on 2026-12-01 (11 days left)");
    expect(stdout).toContain("not healthy: emea needs attention");
  });
});

describe("names and lists", () => {
  it("a name is found on any page; an unknown one is a fault, an ambiguous one asks for the id", async () => {
    const pages = (call: { query: Readonly<Record<string, unknown>> }): unknown => (call.query["after"] === "p2" ? list(connection({ id: "con_2", name: "apac" })) : { items: [connection()], next: "p2" });

    expect((await vedette(["connections", "show", "apac"], { "GET /api/v1/connections": pages })).stdout).toContain("con_2");
    expect((await vedette(["connections", "show", "latam"], { "GET /api/v1/connections": pages })).stderr).toContain("NOT_FOUND");
    expect((await vedette(["connections", "show", "emea"], { "GET /api/v1/connections": list(connection(), connection({ id: "con_9" })) })).stderr).toContain("con_1, con_9");
  });

  it("sites are given to a tenant by name, of the only connection there is; what could be two is not guessed", async () => {
    const site = (id: string, siteName: string, accountName: string) => ({ connection: "con_1", site: id, siteName, accountName, tenant: null });
    const sites = [site("11", "Lyon Depot", "Orchard"), site("12", "Quay", "Orchard"), site("13", "Quay", "Halden")];
    const mapped = `PUT /api/v1/tenants/${tenant.id}/sites`;
    const routes = { "GET /api/v1/connections": list(connection()), "GET /api/v1/tenants": list(tenant), "GET /api/v1/sites/unassigned": list(...sites), [`GET /api/v1/tenants/${tenant.id}/sites`]: list(), [mapped]: { items: [sites[0]] } };

    const { code, stdout, api } = await vedette(["tenants", "map", "Orchard", "lyon depot", "12"], routes);
    expect([code, api.calls.find(({ method }) => method === "PUT")?.body]).toEqual([0, { connection: "con_1", sites: ["11", "12"] }]);
    expect(stdout).toMatch(/11\s+Lyon Depot\s+Orchard\s+emea/);

    expect((await vedette(["tenants", "map", "Orchard", "Quay"], routes)).stderr).toContain("12 (Orchard), 13 (Halden)");
    expect((await vedette(["tenants", "map", "Orchard", "Lion"], routes)).stderr).toContain("vedette tenants unassigned");
    expect((await vedette(["tenants", "map", "Orchard", "11"], { ...routes, "GET /api/v1/connections": list(connection(), connection({ id: "con_2", name: "apac" })) })).stderr).toContain("--connection NAME");
  });

  it("what deletes wants --yes, and without it nothing is sent", async () => {
    const routes = { "GET /api/v1/connections": list(connection()), "GET /api/v1/tenants": list(tenant) };

    for (const argv of [["connections", "remove", "emea"], ["tenants", "purge", "Orchard"]]) {
      const { code, stderr, api } = await vedette(argv, routes);
      expect([code, api.calls.some((call) => call.method === "DELETE")]).toEqual([64, false]);
      expect(stderr).toContain("--yes");
    }
  });

  it("replay refuses to guess what to replay", async () => {
    expect(await vedette(["parked", "replay"], { "POST /api/v1/parked/replay": {} })).toMatchObject({ code: 64 });
  });

  it("replay by stream tries every parked record exactly once, in portions", async () => {
    const rows = Array.from({ length: 450 }, (_, n) => ({ ...parked, id: `prk_${String(n)}` }));
    const tried: string[] = [];
    const { stdout } = await vedette(["parked", "replay", "--stream", "threats"], {
      "GET /api/v1/parked": (call: { query: Readonly<Record<string, unknown>> }) => (call.query["after"] === undefined ? { items: rows.slice(0, 300), next: "p2" } : { items: rows.slice(300), next: null }),
      "POST /api/v1/parked/replay": (call: { body: unknown }) => {
        const { ids } = call.body as { ids: readonly string[] };
        tried.push(...ids);
        return { replayed: ids.length, applied: 0, stillParked: ids.length };
      },
    });

    expect(tried).toEqual(rows.map((row) => row.id));
    expect(stdout).toBe("450 records tried again: 0 applied, 450 still set aside\n");
  });

  it("a parked record's raw bytes stay text", async () => {
    const { stdout } = await vedette(["parked", "show", "prk_1"], { "GET /api/v1/parked/prk_1": { ...parked, raw: '{"name":"\u001b[2J"}' } });

    expect(stdout).not.toContain("\u001b");
  });

  it("an id in a path stays one segment", async () => {
    const { api } = await vedette(["parked", "show", "../../audit"], {});

    expect(api.calls[0]?.path).toBe("/api/v1/parked/..%2F..%2Faudit");
  });

  it("the audit log is asked for what is wanted of it", async () => {
    const { api } = await vedette(["audit", "list", "--newest", "--event", "user", "--actor", "usr_1"], { "GET /api/v1/audit": { items: [], next: null } });

    expect(api.calls[0]?.query).toMatchObject({ newestFirst: true, event: "user", actor: "usr_1" });
  });

  it("a broken audit chain ends with 1", async () => {
    expect(await vedette(["audit", "verify"], { "GET /api/v1/audit/verify": { ok: false, entries: 9, head: null, firstBroken: 4 } })).toMatchObject({ code: 1 });
  });
});

describe("files", () => {
  it("an export is written for its owner only, and never over an existing file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vedette-cli-"));
    const file = join(folder, "orchard.ndjson");
    const routes = { "GET /api/v1/tenants": list(tenant), "GET /api/v1/tenants/ten_1/export": ["{}\n", "{}\n"] };

    try {
      expect((await vedette(["tenants", "export", "Orchard", "--out", file], routes)).code).toBe(0);
      expect(await readFile(file, "utf8")).toBe("{}\n{}\n");
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await vedette(["tenants", "export", "Orchard", "--out", file], routes)).code).toBe(64);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("a token's end goes to a calendar file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vedette-cli-"));
    const file = join(folder, "end.ics");

    try {
      await vedette(["connections", "show", "emea", "--ics", file], { "GET /api/v1/connections": list(connection()), "GET /api/v1/connections/con_1/calendar": ["BEGIN:VCALENDAR\r\n", "END:VCALENDAR\r\n"] });
      expect(await readFile(file, "utf8")).toBe("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
