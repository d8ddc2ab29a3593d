/** As somebody new would try it: a console is connected, and "who can isolate machines in this site, and since when?" is one command. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhoAnswer } from "../../src/kernel/access-api.ts";
import { startSimulator, type Simulator } from "../../src/simulator/index.ts";
import { trueAssignments } from "./bench.ts";

const VEDETTE = fileURLToPath(new URL("../../bin/vedette.mjs", import.meta.url));
const STREAMS = ["accounts", "sites", "groups", "roles", "users", "service-users", "activities"].flatMap((stream) => ["--stream", stream]);
const ISOLATE = "Endpoints.disconnectFromNetwork";

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly name: string;
  readonly permissions: readonly { readonly identifier: string; readonly value: boolean }[];
}

/** Each command is a process, whose start alone takes seconds where others use the machine. */
const PATIENCE_MS = 120_000;

let simulator: Simulator;
let folder: string;
let readAt: number;

function vedette(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const env = { ...process.env, VEDETTE_DATA: join(folder, "data"), VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(simulator.url).host, VEDETTE_REQUEST_SHARE: "off", S1_TOKEN: simulator.tokens.viewer };
  return new Promise((resolve) => {
    execFile(process.execPath, [VEDETTE, ...args], { env, timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-question-"));
  simulator = await startSimulator({ seed: 5, clockRuns: true, agents: 0, users: 60, serviceUsers: 14, sites: 6, accounts: 2, alerts: 0, risks: 0, threats: 0, activities: 0 });
  readAt = Date.now();
  for (const args of [["connect", simulator.url, "--token-env", "S1_TOKEN", "--name", "emea", "--no-sync"], ["sync", "emea", ...STREAMS]]) {
    const { code, stderr } = await vedette(...args);
    if (code !== 0) throw new Error(stderr);
  }
}, 2 * PATIENCE_MS);
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

/** From the console's records alone: `kind principal role scope-kind scope` of everybody who can isolate in a site. */
function whoCan(site: Row): readonly string[] {
  const may = new Set([...simulator.truth("roles")].filter((role) => (role["pages"] as readonly Page[]).some((page) => page.permissions.some((one) => one.value && `${page.name}.${one.identifier}` === ISOLATE))).map((role) => String(role["id"])));
  const lines = [...trueAssignments("user", simulator.truth("users")), ...trueAssignments("service-user", simulator.truth("service-users"))];
  return lines.filter((line) => {
    const [, , role = "", kind, scope] = line.split(" ");
    return may.has(role) && (kind === "global" || scope === site["id"] || scope === site["accountId"]);
  }).toSorted();
}

async function answer(site: Row): Promise<WhoAnswer> {
  const { code, stdout, stderr } = await vedette("access", "who", "--scope", `site:${String(site["name"])}`, "--can", "isolate", "--json");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as WhoAnswer;
}

describe("who can isolate machines in a site, and since when", () => {
  it("is answered in one command, of everybody and nobody else, with since when", async () => {
    const [site = {}] = simulator.truth("sites");
    const { items, permission, coverage } = await answer(site);
    expect([permission?.id, coverage.complete, coverage.notes]).toEqual([ISOLATE, true, []]);
    expect(items.map(({ principal, role, path }) => [principal.kind, principal.id, role.id, path[0]?.kind, path[0]?.id].join(" ")).toSorted()).toEqual(whoCan(site));
    expect(new Set(items.map(({ via }) => via))).toEqual(new Set(["direct", "inherited"]));
    for (const { since, grants } of items) {
      expect([since.evidence, grants]).toEqual(["there-at-first-reading", "yes"]);
      expect(Date.parse(since.to)).toBeGreaterThanOrEqual(readAt);
      expect(Date.parse(since.from ?? "")).toBeLessThan(readAt);
    }
  }, PATIENCE_MS);

  it("tells of somebody who was let in since: between which readings, and by whom", async () => {
    const [, , site = {}] = simulator.truth("sites");
    const before = new Set(whoCan(site).map((line) => line.split(" ")[1]));
    const [, mara = {}, ...others] = simulator.truth("users");
    const newcomer = others.find((user) => !before.has(String(user["id"]))) ?? {};
    const held = { id: site["id"], name: site["name"], accountName: site["accountName"], roleId: String([...simulator.truth("roles")].find((role) => role["name"] === "SOC")?.["id"]), roleName: "SOC", roles: ["SOC"] };
    const between = Date.now();
    simulator.mutate({ stream: "users", action: "update", ids: [String(newcomer["id"])], set: { scope: "site", scopeRoles: [held], siteRoles: [held], tenantRoles: [] }, by: String(mara["id"]) });
    await vedette("sync", "emea", "--full", "--stream", "users", "--stream", "activities");

    const row = (await answer(site)).items.find(({ principal }) => principal.id === newcomer["id"]);
    expect([row?.role.name, row?.via, row?.since.evidence]).toEqual(["SOC", "direct", "seen-arriving"]);
    expect([Date.parse(row?.since.from ?? "") <= between, Date.parse(row?.since.to ?? "") >= between]).toEqual([true, true]);
    const why = await vedette("access", "why", String(newcomer["email"]), "isolate", `site:${String(site["name"])}`);
    expect([why.code, why.stdout]).toEqual([0, expect.stringContaining(String(mara["email"]))]);
  }, PATIENCE_MS);
});
