import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { destination } from "./test-views.ts";
import { vedette } from "./test-support.ts";

const ADDED = { "POST /api/v1/destinations": { destination, secret: null } };
const env = { KEY: " s3cret \n", LONG: "x" };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-draft-"));
  writeFileSync(join(folder, "ca.pem"), "CA");
  writeFileSync(join(folder, "cert.pem"), "CERT");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function sent(...argv: readonly string[]): Promise<unknown> {
  const { code, stderr, api } = await vedette(["destinations", "add", "siem", ...argv.map((word) => word.replace("FOLDER", folder))], ADDED, { env });
  expect(code, stderr).toBe(0);
  return api.calls[0]?.body;
}

async function refused(...argv: readonly string[]): Promise<string> {
  const { code, stderr, api } = await vedette(["destinations", "add", "siem", ...argv.map((word) => word.replace("FOLDER", folder))], ADDED, { env });
  expect([code, api.calls]).toEqual([64, []]);
  expect(stderr).not.toContain("s3cret");
  return stderr;
}

describe("destinations add", () => {
  it.each<readonly [string, readonly string[], object]>([
    ["webhook", ["--webhook", "https://h.example.com", "--secret-env", "KEY"], { url: "https://h.example.com", secret: "s3cret" }],
    ["file", ["--file", "x.ndjson", "--keep", "2"], { file: "x.ndjson", keep: 2 }],
    ["stdout", ["--stdout"], {}],
    ["syslog", ["--syslog", "tls://l.example.com", "--ca", "FOLDER/ca.pem", "--cert", "FOLDER/cert.pem", "--secret-env", "KEY"], { address: "tls://l.example.com", ca: "CA", cert: "CERT", key: "s3cret" }],
    ["elasticsearch", ["--elasticsearch", "https://es.example.com", "--index", "logs-x-y", "--secret-env", "KEY", "--template"], { url: "https://es.example.com", index: "logs-x-y", apiKey: "s3cret", template: true }],
    ["elasticsearch", ["--elasticsearch", "https://os.example.com", "--username", "u", "--secret-env", "KEY"], { url: "https://os.example.com", username: "u", password: "s3cret" }],
    ["splunk", ["--splunk", "https://s.example.com:8088", "--secret-env", "KEY", "--acknowledge", "--sourcetype", "s1"], { url: "https://s.example.com:8088", token: "s3cret", acknowledge: true, sourcetype: "s1" }],
    ["sekoia", ["--sekoia", "--secret-env", "KEY", "--gzip"], { intakeKey: "s3cret", gzip: true }],
    ["sekoia", ["--sekoia", "https://intake.example.com", "--secret-env", "KEY"], { url: "https://intake.example.com", intakeKey: "s3cret" }],
    ["email", ["--email", "a@example.com", "--email", "b@example.com", "--cc", "c@example.com", "--server", "smtp://m.example.com", "--from", "v@example.com", "--username", "v", "--secret-env", "KEY", "--ca", "FOLDER/ca.pem"], { server: "smtp://m.example.com", from: "v@example.com", to: ["a@example.com", "b@example.com"], cc: ["c@example.com"], username: "v", password: "s3cret", ca: "CA" }],
    ["slack", ["--slack", "--secret-env", "KEY"], { url: "s3cret" }],
    ["teams", ["--teams", "https://x.logic.azure.com/w"], { url: "https://x.logic.azure.com/w" }],
  ])("%s: %j", async (kind, argv, config) => {
    expect(await sent(...argv)).toEqual({ name: "siem", kind, config });
  });

  it("says what it gets and in which format", async () => {
    const argv = ["--stdout", "--facts", "alerts.*", "--stream", "alerts", "--stream", "threats", "--product", "Identity", "--severity", "high", "--site", "11", "--connection", "emea", "--also-tenant", "Orchard", "--format", "ecs"];
    expect(await sent(...argv)).toEqual({ name: "siem", kind: "stdout", config: {}, facts: ["alerts.*"], filter: { streams: ["alerts", "threats"], products: ["Identity"], severity: "high", sites: ["11"], connections: ["emea"] }, tenants: ["Orchard"], format: "ecs" });
    expect(await sent("--stdout", "--all-tenants")).toMatchObject({ tenants: ["*"] });
  });

  it("says all that a mail needs at once", async () => {
    expect((await vedette(["destinations", "add", "desk", "--email", "a@example.com"])).stderr).toContain("A mail needs --server and --from too.");
    expect((await vedette(["destinations", "add", "desk", "--email", "a@example.com", "--from", "v@example.com"])).stderr).toContain("A mail needs --server too.");
  });

  it("takes all of it from a file, secrets by the names of variables; options say more", async () => {
    writeFileSync(join(folder, "siem.json"), JSON.stringify({ kind: "splunk", config: { url: "https://s.example.com", token: { env: "KEY" } }, facts: ["alerts.*"], filter: { streams: ["alerts"] }, format: "ocsf" }));
    expect(await sent("--config", "FOLDER/siem.json", "--severity", "low")).toEqual({ name: "siem", kind: "splunk", config: { url: "https://s.example.com", token: "s3cret" }, facts: ["alerts.*"], filter: { streams: ["alerts"], severity: "low" }, format: "ocsf" });
  });

  it("takes no secret from a file", async () => {
    writeFileSync(join(folder, "siem.json"), JSON.stringify({ kind: "splunk", config: { url: "https://s.example.com", token: "s3cret" } }));
    expect(await refused("--config", "FOLDER/siem.json")).toMatch(/config\.token is a secret/);
  });

  it.each<readonly [string, readonly string[], RegExp]>([
    ["nowhere", [], /Say where the facts go: one of --webhook, --file, --stdout/],
    ["two places", ["--stdout", "--file", "x.ndjson"], /Say where/],
    ["an option of another kind", ["--file", "x.ndjson", "--index", "x"], /--index does not go with --file/],
    ["no token", ["--splunk", "https://s.example.com"], /token is missing/],
    ["no intake key", ["--sekoia"], /intake key is missing/],
    ["a variable that is not there", ["--sekoia", "--secret-env", "NOWHERE"], /NOWHERE/],
    ["a severity that is none", ["--stdout", "--severity", "urgent"], /critical/],
    ["a file that is not there", ["--config", "FOLDER/none.json"], /cannot be read/],
    ["a file that is no JSON", ["--config", "FOLDER/ca.pem"], /no JSON/],
    ["a file beside options that say where", ["--config", "FOLDER/ca.pem", "--stdout"], /does not go with --config/],
  ])("refuses %s, and asks the hub nothing", async (_why, argv, words) => {
    expect(await refused(...argv)).toMatch(words);
  });

  it("tells whoever adds a syslog receiver what size it has to take", async () => {
    const { stderr } = await vedette(["destinations", "add", "siem", "--syslog", "tls://l.example.com"], { "POST /api/v1/destinations": { destination: { ...destination, kind: "syslog", shown: { host: "tls://l.example.com:6514", largest: 65_536 } }, secret: null } });
    expect(stderr).toContain("65,536 bytes");
  });

  it.each([[true, false], [false, true]])("tells whoever adds a cluster that an index takes a thousand fields, unless a template is made (%s)", async (template, said) => {
    const { stderr } = await vedette(["destinations", "add", "siem", "--elasticsearch", "https://es.example.com"], { "POST /api/v1/destinations": { destination: { ...destination, kind: "elasticsearch", shown: { host: "https://es.example.com", template } }, secret: null } });
    expect(stderr.includes("--template")).toBe(said);
  });
});

describe("destinations edit", () => {
  const routes = { "GET /api/v1/destinations": { items: [destination], next: null }, "PATCH /api/v1/destinations/dst_1": { ...destination, name: "soc" } };

  it.each<readonly [readonly string[], object]>([
    [["--severity", "low", "--any", "facts", "--any", "product"], { facts: null, filter: { severity: "low", products: null } }],
    [["--name", "soc", "--stream", "threats", "--also-tenant", "Orchard"], { name: "soc", tenants: ["Orchard"], filter: { streams: ["threats"] } }],
    [["--own-tenant"], { tenants: null }],
  ])("%j changes that and nothing else", async (argv, body) => {
    const { code, stdout, stderr, api } = await vedette(["destinations", "edit", "access", ...argv], routes);
    expect([code, api.calls.at(-1)?.body], stderr).toEqual([0, body]);
    expect(stdout).toContain("soc gets all, alerts, severity high or more");
  });

  it.each<readonly [readonly string[], RegExp]>([
    [[], /Nothing says what to change/],
    [["--any", "site", "--site", "11"], /--any site and --site contradict/],
    [["--own-tenant", "--all-tenants"], /contradict/],
    [["--any", "colour"], /facts, stream, product/],
  ])("refuses %j, and changes nothing", async (argv, words) => {
    const { code, stderr, api } = await vedette(["destinations", "edit", "access", ...argv], routes);
    expect([code, api.calls.filter(({ method }) => method === "PATCH")]).toEqual([64, []]);
    expect(stderr).toMatch(words);
  });
});

describe("destinations list and show", () => {
  it("say in a few words what each gets, and show hostile names as text", async () => {
    const one = { ...destination, name: "si\u001b[2Jem", tenants: ["ten_default", "*"], format: "ecs" as const };
    const { stdout } = await vedette(["destinations", "list"], { "GET /api/v1/destinations": { items: [one], next: null } });
    expect(stdout).toContain("all, alerts, severity high or more, of every tenant, as ecs");
    expect(stdout).not.toContain("\u001b[2J");
    const shown = await vedette(["destinations", "show", "dst_1"], { "GET /api/v1/destinations": { items: [one], next: null } });
    expect(shown.stdout).toMatch(/queued +2, the oldest since 2026-11-20 16:00:00Z/);
  });
});

describe("deliveries replay", () => {
  const routes = { "GET /api/v1/destinations": { items: [destination], next: null }, "POST /api/v1/deliveries/replay": { replayed: 2, skipped: 1 } };

  it.each<readonly [readonly string[], object]>([
    [["dlv_1", "--id", "dlv_2"], { ids: ["dlv_1", "dlv_2"] }],
    [["--destination", "access"], { destination: "dst_1" }],
    [["--all"], { all: true }],
    [["--destination", "access", "--since", "2026-03-01T10:00:00Z", "--until", "2026-03-01T11:00:00Z", "--state", "delivered"], { destination: "dst_1", since: "2026-03-01T10:00:00Z", until: "2026-03-01T11:00:00Z", state: "delivered" }],
  ])("%j", async (argv, body) => {
    const { code, stdout, api } = await vedette(["deliveries", "replay", ...argv], routes);
    expect([code, api.calls.at(-1)?.body]).toEqual([0, body]);
    expect(stdout).toContain("2 queued again, 1 left as they are");
  });

  it.each([[[]], [["dlv_1", "--all"]], [["dlv_1", "--since", "1h"]]])("%j is refused, and nothing is asked", async (argv) => {
    const { code, api } = await vedette(["deliveries", "replay", ...argv], routes);
    expect([code, api.calls.filter(({ method }) => method === "POST")]).toEqual([64, []]);
  });
});
