import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { ALERT_ROUTES, versionView } from "./test-alert-views.ts";
import { fakeApi, fakePorts, fakeTerminal, vedette } from "./test-support.ts";
import { runCli } from "./program.ts";

describe("alerts", () => {
  it("lists them, and lets no control character through", async () => {
    const { code, stdout, api } = await vedette(["alerts", "list", "--severity", "high", "--since", "2026-11-01", "--text", "dcsync", "--limit", "5"], ALERT_ROUTES);
    expect(api.calls[0]?.query).toMatchObject({ severity: "high", since: "2026-11-01", text: "dcsync", limit: 5 });
    expect(stdout).toMatch(/2026-11-20 16:00:00Z\s+high\s+new\s+Identity\s+DCSync \\u\{1b\}\[2J Attack\s+DC-01\s+krbtgt\s+-\s+a1/);
    expect(code).toBe(0);
  });

  it("goes on over pages on which nothing fits", async () => {
    const pages = [{ items: [], next: "1.1" }, { items: [], next: "0.9" }, ALERT_ROUTES["GET /api/v1/alerts"]];
    const { stdout, api } = await vedette(["alerts", "list"], { "GET /api/v1/alerts": () => pages.shift() });
    expect(api.calls.map(({ query }) => query["after"])).toEqual([undefined, "1.1", "0.9"]);
    expect(stdout).toContain("a1");
  });

  it("takes how long ago for a time, and says what else would be one", async () => {
    const { api } = await vedette(["alerts", "list", "--since", "2h"], ALERT_ROUTES);
    expect(Math.abs(Date.now() - 7_200_000 - Date.parse(String(api.calls[0]?.query["since"])))).toBeLessThan(60_000);
    const wrong = await vedette(["alerts", "list", "--since", "yesterday"], ALERT_ROUTES);
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining("how long ago, like 45m, 12h or 7d")]);
    expect((await vedette(["alerts", "list", "--status", "resolvd"], ALERT_ROUTES)).stderr).toContain("new, in-progress, resolved, other");
  });

  it("shows what the console says, where it is there, and every version with what changed", async () => {
    const { stdout } = await vedette(["alerts", "show", "a1"], ALERT_ROUTES);
    for (const part of ["Lyon Depot", "/incidents/unified-alerts/a1/details", "T1003 OS Credential Dumping (Credential Access)", "asked for secrets", "vedette alerts show a1 --record"]) expect(stdout).toContain(part);
    expect(stdout).toMatch(/reopened\s+status from RESOLVED to NEW; details have come; also assets/);
    expect(stdout).not.toContain("\u001b");
  });

  it("prints the record as it came, with nothing in it that a terminal acts on", async () => {
    const { stdout } = await vedette(["alerts", "show", "a1", "--record"], ALERT_ROUTES);
    expect(stdout).toBe('{"id":"a1","name":"x\\u202ey","n":12345678901234567890}\n');
  });

  it("prints the newest versions, a line each", async () => {
    const { stdout, api } = await vedette(["alerts", "tail", "--product", "identity", "--lines", "5"], ALERT_ROUTES);
    expect(api.calls[0]?.query).toEqual({ product: "identity", limit: 5 });
    expect(stdout).toBe("2026-11-20 16:00:00Z  reopened  high      Identity  DCSync \\u{1b}[2J Attack  [a1]  status from RESOLVED to NEW; details have come; also assets\n");
  });

  it("does not follow where no hub runs", async () => {
    const api = { ...fakeApi(ALERT_ROUTES), origin: "local" as const };
    const terminal = fakeTerminal();
    expect(await runCli(["alerts", "tail", "--follow"], fakePorts(api, terminal.io))).toBe(69);
    expect(terminal.stderr()).toContain("vedette serve");
  });

  it("follows over a restart of the hub: says that it waits, goes on where it stopped, and ends when asked to", async () => {
    const after: unknown[] = [];
    let hubs = 0;
    const terminal = fakeTerminal();
    const before = fakeApi({ "GET /api/v1/alerts/versions": ({ query }: { query: Record<string, unknown> }) => (query["after"] === undefined ? { items: [versionView], next: "7", more: false } : new Fault("HUB_UNREACHABLE", "gone")) });
    const back = fakeApi({
      "GET /api/v1/alerts/versions": ({ query }: { query: Record<string, unknown> }) => {
        after.push(query["after"]);
        if (after.length === 3) terminal.signal("SIGINT");
        return after.length === 1 ? { items: [{ ...versionView, seq: "8", id: "a2" }], next: "8", more: true } : { items: [], next: "9", more: false };
      },
    });
    const code = await runCli(["alerts", "tail", "--follow", "--json"], fakePorts(before, terminal.io, { hub: async () => ((hubs += 1) === 1 ? undefined : back) }));

    expect(code).toBe(0);
    expect(terminal.stdout().trim().split("\n").map((text) => (JSON.parse(text) as { id: string }).id)).toEqual(["a1", "a2"]);
    expect(after).toEqual(["7", "8", "9"]);
    expect(terminal.stderr()).toBe("The hub does not answer; waiting for it.\nThe hub is back; going on where it stopped.\n");
  }, 20_000);
});
