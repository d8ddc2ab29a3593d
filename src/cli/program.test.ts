import { describe, expect, it } from "vitest";
import { Fault, FAULTS } from "../kernel/fault.ts";
import type { Command } from "commander";
import { COMMANDS } from "./commands/index.ts";
import { Terminal } from "./terminal.ts";
import { buildProgram, runCli } from "./program.ts";
import { fakeApi, fakePorts, fakeTerminal, vedette } from "./test-support.ts";

function everyCommand(): readonly Command[] {
  const terminal = fakeTerminal();
  const out = new Terminal(terminal.io);
  const action = () => async () => undefined;
  const leaves = (command: Command): readonly Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves));
  return leaves(buildProgram({ ports: fakePorts(fakeApi({}), terminal.io), out, run: action, ask: action }));
}

function words(command: Command): readonly string[] {
  return command.parent === null ? [] : [...words(command.parent), command.name()];
}

describe("the command line", () => {
  it.each(everyCommand().map((command) => words(command).join(" ")))("`%s --help` shows an example of itself and offers --json", async (name) => {
    const { code, stdout, stderr } = await vedette([...name.split(" "), "--help"]);

    expect(stdout).toContain(`Example:\n  vedette ${name}`);
    expect(stdout).toContain("--json");
    expect(stdout).not.toContain("\u001b");
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("top help documents the environment and the exit codes", async () => {
    const { stdout } = await vedette(["--help"]);

    for (const name of ["VEDETTE_DATA", "VEDETTE_DATABASE_URL", "VEDETTE_KEY_FILE", "VEDETTE_PUBLIC_URL", "VEDETTE_ALLOW_CONSOLE_HOSTS", "VEDETTE_DISK_BUDGET"]) expect(stdout).toContain(name);
    for (const policy of Object.values(FAULTS)) expect(stdout).toContain(String(policy.exitCode));
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command.id}`);
  });

  it.each([[true, "Still at work on the mirror"], [false, ""]])("a command that has answered and not ended yet says why, at a terminal (%s) only", async (stderrIsTTY, told) => {
    const api = { ...fakeApi({ "GET /api/v1/tenants": { items: [], next: null } }), close: () => new Promise<void>((resolve) => setTimeout(resolve, 1_200)) };
    const terminal = fakeTerminal();

    expect(await runCli(["tenants"], fakePorts(api, { ...terminal.io, stderrIsTTY }))).toBe(0);
    expect(terminal.stderr()).toContain(told);
    if (!stderrIsTTY) expect(terminal.stderr()).toBe("");
  });

  it("a group alone shows its list", async () => {
    const { code, stdout } = await vedette(["tenants", "--json"], { "GET /api/v1/tenants": { items: [], next: null } });

    expect([code, stdout]).toEqual([0, "[]\n"]);
  });

  it("--version prints the version alone", async () => {
    expect(await vedette(["--version"])).toMatchObject({ code: 0, stdout: "0.0.0-test\n", stderr: "" });
  });

  it.each([
    [["conect"], /did you mean connect/i],
    [["sync", "--ful"], /did you mean --full/i],
    [["access", "who", "--scop", "global"], /unknown option '--scop'.*did you mean --scope/i],
    [["access", "who", "--can", "isolate"], /required option '--scope/],
    [["sync", "--stream", "agent"], /Streams: accounts/],
    [["serve", "--port", "70000"], /0 to 65535/],
    [["serve", "--port", "1e3"], /whole number/],
    [["api-keys", "create", "x", "--role", "root"], /operator/],
    [["connect", "u", "--label", "nokey"], /key=value/],
    [["backup"], /missing required argument/],
    [["status", "extra"], /too many arguments/],
    [[], /A command is missing/],
    [["keyring"], /A command is missing/],
  ])("%j is answered with exit code 64, the mistake and the way to the help", async (argv, message) => {
    const { code, stdout, stderr, api } = await vedette(argv);

    expect(code).toBe(64);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/what to do: .*--help/);
    expect(stdout).toBe("");
    expect(api.calls).toEqual([]);
  });

  it.each([
    [["posture", "check", "--serail", "X"], "posture check"],
    [["posture", "check", "--json", "--serail", "X"], "posture check"],
    [["posture", "providers", "add", "okta"], "posture providers add"],
    [["posture", "chek"], "posture"],
    [["conect"], ""],
  ])("the way to the help of %j is that of the innermost command that was typed rightly", async (argv, command) => {
    const { stderr } = await vedette(argv);

    expect(stderr).toContain(`\`${["vedette", command, "--help"].filter((word) => word !== "").join(" ")}\``);
  });

  it.each(Object.entries(FAULTS))("a fault of kind %s ends with its exit code, its message and its cure", async (kind, policy) => {
    const codes = { config: "NOT_FOUND", credential: "S1_TOKEN_EXPIRED", permission: "S1_FORBIDDEN", throttled: "S1_RATE_LIMITED", unavailable: "HUB_UNREACHABLE", protocol: "S1_NOT_JSON", cursor: "S1_CURSOR_REFUSED", record: "RECORD_INVALID", incomplete: "SOURCE_GAP", refused: "FORBIDDEN", fenced: "LEASE_LOST", internal: "INTERNAL" } as const;
    const fault = new Fault(codes[kind as keyof typeof codes], "What went \u001b[31mwrong.", { cure: "Do this." });

    const { code, stderr } = await vedette(["status"], { "GET /api/v1/status": fault });

    expect(code).toBe(policy.exitCode);
    expect(stderr).toBe(`${fault.code}: What went \\u{1b}[31mwrong.\nwhat to do: Do this.\n`);
  });

  it("a cure of several lines is printed as several lines, each of them cleaned", async () => {
    const { stderr } = await vedette(["status"], { "GET /api/v1/status": new Fault("S1_TOKEN_EXPIRED", "Over.", { cure: "First.\n\u001bSecond." }) });

    expect(stderr).toBe("S1_TOKEN_EXPIRED: Over.\nwhat to do: First.\n  \\u{1b}Second.\n");
  });

  it("what is no fault is a defect: exit code 70, with the place and without the message, which may hold data", async () => {
    const { code, stderr } = await vedette(["status"], { "GET /api/v1/status": () => { throw new TypeError("token abc"); } });

    expect(code).toBe(70);
    expect(stderr).toContain("INTERNAL");
    expect(stderr).toMatch(/where: at /);
    expect(stderr).not.toContain("token abc");
  });
});
